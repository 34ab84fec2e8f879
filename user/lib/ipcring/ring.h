/* SPDX-License-Identifier: GPL-2.0 */
/* In the tree only: `make install` puts kmod/ring.h itself in this place. */
#include "../../../kmod/ring.h"
