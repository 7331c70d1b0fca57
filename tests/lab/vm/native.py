# SPDX-License-Identifier: GPL-2.0-or-later
"""The host's own kernel, in private mount, pid and network namespaces: all that the script starts dies with the launcher."""
import os
import subprocess

from .job import LAB, TIMED_OUT, Unavailable, need, note, tied, wait

MODULES = "ip_vs ip_vs_rr nf_tables nft_chain_nat nf_conntrack_netlink veth bridge dummy macvlan"
PROBE = """
test -e /proc/net/ip_vs || { echo "its kernel has no IPVS (CONFIG_IP_VS)"; exit 1; }
nft -f - <<'RULES' || { echo "its kernel has no nftables inet nat (CONFIG_NF_TABLES_INET, CONFIG_NFT_NAT)"; exit 1; }
table inet probe {
	chain post { type nat hook postrouting priority 100; }
}
RULES
"""


def require():
    if os.geteuid() != 0:
        raise Unavailable("needs root")
    need("nft", package="nftables")
    modprobe = need("modprobe", package="kmod")
    subprocess.run([modprobe, "-a", "-q", *MODULES.split()], stderr=subprocess.DEVNULL, check=False)
    probe = subprocess.run(["unshare", "-n", "sh", "-c", PROBE], capture_output=True, text=True, check=False)
    if probe.returncode:
        raise Unavailable(f"this host cannot: {(probe.stdout or probe.stderr).strip().splitlines()[-1]}")


def run(job):
    note(f"running {job.script.name} on this host's kernel, in namespaces of its own")
    command = ["unshare", "--mount", "--pid", "--net", "--fork", "--kill-child=KILL", "--mount-proc",
               "sh", str(LAB / "guest" / "native-init"), *job.command()]
    process = subprocess.Popen(tied(command), env=os.environ | job.environment | {"LAB_VIA": "native"}, stdin=subprocess.DEVNULL)
    try:
        if not wait(process, job.timeout):
            note(f"timed out after {job.timeout:g} s")
            return TIMED_OUT
        return process.returncode
    finally:
        process.kill()
