/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What this process took from dom0 for a domain that it makes. Should that
 * domain never run, its devices end in quarantine: dom0 has lost them for
 * nothing, and somebody has to be told.
 */
#ifndef PXL_TAKEN_H
#define PXL_TAKEN_H

/* taken_note - @command ("pci-assignable-remove -r") gives @name back. */
void taken_note(const char *name, const char *command);
/* taken_tell - a warning for each that was noted, once. */
void taken_tell(void);

#endif /* PXL_TAKEN_H */
