/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/fileio.h"

#include "lib/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FIRST_SIZE ((size_t)16 * 1024) /* most files are smaller: one read, and the end */

/* Reads what fits; 0 at the end of the file. */
static ssize_t read_some(int fd, char *data, size_t size)
{
	ssize_t n;

	do
		n = read(fd, data, size);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

static int read_all(int fd, size_t limit, char **ret_data, size_t *ret_size)
{
	size_t capacity = FIRST_SIZE, size = 0;
	char *data = xmalloc(capacity);
	int err;

	for (;;) {
		ssize_t n;

		if (size + 1 == capacity) {
			capacity *= 2;
			data = xrealloc(data, capacity);
		}
		n = read_some(fd, data + size, capacity - size - 1);
		if (n < 0) {
			err = (int)n;
			break;
		}
		if (n == 0) {
			data[size] = '\0';
			*ret_data = data;
			*ret_size = size;
			return 0;
		}
		size += (size_t)n;
		if (size > limit) {
			err = -EFBIG;
			break;
		}
	}
	free(data);
	return err;
}

/* What was opened is judged, not what may be put in its place. */
static int check_regular(int fd)
{
	struct stat st;

	if (fstat(fd, &st))
		return -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	return S_ISREG(st.st_mode) ? 0 : -EMEDIUMTYPE;
}

int fileio_read(const char *path, size_t limit, char **ret_data, size_t *ret_size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	int err = fd < 0 ? -errno : check_regular(fd);

	if (err == 0)
		err = read_all(fd, limit, ret_data, ret_size);
	if (fd >= 0)
		close(fd);
	return err;
}

int fileio_read_stream(const char *path, size_t limit, char **ret_data, size_t *ret_size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int err;

	if (fd < 0)
		return -errno;
	err = read_all(fd, limit, ret_data, ret_size);
	close(fd);
	return err;
}

static int write_all(int fd, const char *data, size_t size)
{
	while (size > 0) {
		ssize_t n = write(fd, data, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		data += n;
		size -= (size_t)n;
	}
	return 0;
}

/* The name in a directory is safe on disk only after this. */
static int sync_directory_of(const char *path)
{
	char *directory = xstrdup(path);
	char *slash = strrchr(directory, '/');
	int err = 0;
	int fd;

	if (slash == directory)
		slash[1] = '\0';
	else if (slash)
		slash[0] = '\0';
	fd = open(slash ? directory : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	/* EINVAL: a file system that has nothing to sync. */
	if (fd < 0 || (fsync(fd) < 0 && errno != EINVAL))
		err = -errno;
	if (fd >= 0)
		close(fd);
	free(directory);
	return err;
}

static int write_new(const char *path, const void *data, size_t size, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
	int err;

	if (fd < 0)
		return -errno;
	err = write_all(fd, data, size);
	/* The mode asked for, whatever the umask. */
	if (err == 0 && (fchmod(fd, mode) < 0 || fsync(fd) < 0))
		err = -errno;
	if (close(fd) < 0 && err == 0)
		err = -errno;
	return err;
}

int fileio_replace(const char *path, const void *data, size_t size, mode_t mode)
{
	/* Always the same name, so that what a crash leaves behind does not pile up. */
	size_t len = strlen(path);
	char *temporary = xmalloc(len + sizeof(".tmp"));
	int err;

	memcpy(temporary, path, len);
	memcpy(temporary + len, ".tmp", sizeof(".tmp"));
	unlink(temporary);
	err = write_new(temporary, data, size, mode);
	if (err == 0 && rename(temporary, path) < 0)
		err = -errno;
	if (err < 0 && err != -EEXIST)
		unlink(temporary);
	if (err == 0)
		err = sync_directory_of(path);
	free(temporary);
	return err;
}

int fileio_poke(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	size_t len = strlen(text);
	int err = 0;
	ssize_t n;

	if (fd < 0)
		return -errno;
	do
		n = write(fd, text, len);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		err = -errno;
	else if ((size_t)n != len)
		err = -EIO;
	if (close(fd) < 0 && err == 0)
		err = -errno;
	return err;
}

static int make_one(const char *path, mode_t mode)
{
	struct stat st;

	if (mkdir(path, mode) == 0)
		return 0;
	if (errno != EEXIST)
		return -errno;
	if (stat(path, &st) < 0)
		return -errno;
	return S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
}

int fileio_mkdirs(const char *path, mode_t mode)
{
	char *part = xstrdup(path);
	int err = 0;

	for (char *at = part + 1; part[0] && *at && err == 0; at++) {
		if (*at != '/')
			continue;
		*at = '\0';
		err = make_one(part, mode);
		*at = '/';
	}
	if (err == 0)
		err = make_one(part, mode);
	free(part);
	return err;
}
