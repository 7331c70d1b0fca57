/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/secret_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The file that was opened is judged, not one that may be put in its place. */
static int check_file(int fd, struct text *problem)
{
	struct stat st;

	if (fstat(fd, &st))
		return -errno;
	if (S_ISDIR(st.st_mode)) {
		text_add(problem, "is a directory: name the file in it");
		return -EISDIR;
	}
	if (!S_ISREG(st.st_mode)) {
		text_add(problem, "is no regular file");
		return -EINVAL;
	}
	if (st.st_mode & (S_IRWXO | S_IWGRP)) {
		text_printf(problem,
		            "its mode is %04o: others may read or change the key; set 0400, 0600 "
		            "or 0440 (of a Kubernetes Secret: defaultMode)",
		            st.st_mode & 07777u);
		return -EPERM;
	}
	return 0;
}

/* Not fileio_read(), which leaves copies in memory as it grows. */
static int read_all(int fd, char *data, size_t size, struct text *problem)
{
	size_t len = 0;

	while (len < size) {
		ssize_t n = read(fd, data + len, size - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		len += (size_t)n;
	}
	if (len == size) {
		text_printf(problem, "is longer than %zu bytes", size - 1);
		return -EFBIG;
	}
	data[len] = '\0';
	if (strlen(data) != len) {
		text_add(problem, "is no text");
		return -EINVAL;
	}
	return 0;
}

int secret_file_read(const char *path, char *ret_data, size_t size, struct text *problem)
{
	struct text wrong = {0};
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	int rc = fd < 0 ? -errno : check_file(fd, &wrong);

	if (rc == 0)
		rc = read_all(fd, ret_data, size, &wrong);
	if (fd >= 0)
		close(fd);
	if (rc) {
		explicit_bzero(ret_data, size);
		text_printf(problem, "%s: %s", path, wrong.len ? text_str(&wrong) : strerror(-rc));
	}
	text_done(&wrong);
	return rc;
}
