/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dom0's Linux and its PCI devices, through sysfs. @bdf: "0000:01:00.0". */
#ifndef PXL_PCI_LINUX_H
#define PXL_PCI_LINUX_H

/* linux_user - what uses the device: "/dev/nvme0n1 is mounted on /"; NULL:
 * nobody. To be freed. */
char *linux_user(const char *bdf);
/* linux_user_at - the same of any device's folder in sysfs. */
char *linux_user_at(const char *folder);
/* linux_let_go - unbind its driver and forget the device; one that Linux does
 * not know is fine. -1 after a message. */
int linux_let_go(const char *bdf);
/* linux_no_driver - unbind it and set its driver_override to "none", since Linux
 * gives a device that came back a driver by itself, when it has time.
 * linux_driver - the reverse. -1 after a message. */
int linux_no_driver(const char *bdf);
int linux_driver(const char *bdf);
/* linux_rescan - find devices that came back. -1 after a message. */
int linux_rescan(void);

#endif /* PXL_PCI_LINUX_H */
