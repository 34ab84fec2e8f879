# SPDX-License-Identifier: GPL-2.0
# Common to the test directories: TEST_GEN_PROGS is made of one .c file each,
# TEST_PROGS and TEST_FILES are copied beside them.
CFLAGS ?= -O2 -g
override CFLAGS += -std=gnu11 -Wall -Wextra -Wno-unused-parameter -Wno-sign-compare \
	-Wno-missing-field-initializers -Werror -MD -MP \
	-I$(KSFT) -I$(TOP)/kmod -isystem $(TOP)/kmod/include/uapi

Q = $(if $(filter 1,$(V)),,@)
makefiles := $(MAKEFILE_LIST)
progs := $(addprefix $(OUTPUT)/,$(TEST_GEN_PROGS) $(TEST_GEN_FILES))
files := $(addprefix $(OUTPUT)/,$(TEST_PROGS) $(TEST_FILES))

all: $(progs) $(files)
	@:

$(progs): $(OUTPUT)/%: %.c $(makefiles) | $(OUTPUT)
	$(Q)echo '  CC      $@'
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $< $(LDLIBS)

$(files): $(OUTPUT)/%: % | $(OUTPUT)
	$(Q)cp -p $< $@

$(OUTPUT):
	$(Q)mkdir -p $@

clean:
	$(Q)rm -f $(progs) $(progs:=.d) $(files)

-include $(progs:=.d)

.PHONY: all clean
.DELETE_ON_ERROR:
