# SPDX-License-Identifier: GPL-2.0
# Instruction counts by address -> by function, per message, with the function's group.
#
#   sort ... | awk -v messages=N -f where.awk       see scripts/where
#
# In: "ADDRESS s NAME" and "ADDRESS z COUNT LOCKED", sorted, a symbol before the counts of
# its address.  Out: "INSTRUCTIONS<tab>GROUP<tab>FUNCTION<tab>LOCKED", unsorted.
#
# A function belongs to the first group whose expression it matches.  What serves more
# than one end is grouped by what it is, not by who called it: that would need a stack.

BEGIN {
	rule("module",     "\\[ipcring\\]$")
	rule("security",   "^(apparmor|aa_|common_file_perm|bpf_lsm_|security_|selinux|tomoyo|fsnotify|rw_verify|cap_)")
	rule("copy",       "^(_copy_(to|from)_(iter|user)|copy_user|rep_movs|clear_user|copy_page_|memcpy|__memcpy|memset|import_|iov_iter|copyin|copyout|fault_in_|__get_user|__put_user|store_msg|load_msg|_inline_copy|skb_copy|simple_copy|__check_object|check_stack)")
	rule("memory",     "^(kmem_cache|__kmalloc|kmalloc|kfree|___slab|__slab|slab_|memcg_|mod_objcg|obj_cgroup|drain_|refill_|try_charge|__alloc_pages|get_page_from|__free|free_|alloc_|post_alloc|prep_|rmqueue|__kfree|consume_skb|skb_release|__alloc_skb|skb_|sock_w|sock_alloc|kfree_skb|__build_skb|should_failslab|get_random|page_counter|__mod_)")
	rule("timer",      "(hrtimer|clockevents|^ktime|timekeep|timer_|timers|_irq_|irq_enter|softirq|sysvec|sched_tick|^tick_|vsyscall|^read_tsc|^prandom)")
	rule("accounting", "^(psi_|__update_load_avg|update_load_avg|cpuacct|account_|record_times|update_cfs_group|__cgroup_account|cgroup_|update_min_vruntime|native_sched_clock|sched_clock|local_clock|update_rq_clock|update_rq|rcu_|__rcu|hrtick|calc_|reweight|__calc_delta|avg_vruntime|vruntime_eligible|update_se|update_deadline|update_cfs_rq_load|propagate_entity|entity_lag|update_entity_lag|dl_server|update_curr|sched_core|perf_|acct_)")
	rule("wake-up",    "^(try_to_wake_up|ttwu_|__wake_up|wake_up|wake_q|default_wake|autoremove_wake|pollwake|ep_poll_callback|select_task_rq|select_idle|_*enqueue_|place_entity|requeue_|clear_delayed|check_preempt|wakeup_preempt|activate_task|resched_curr|available_idle|wake_affine|check_spread|mark_wake_futex|futex_wake|ep_poll|sock_def_readable|complete|swake|set_next_buddy|prio_changed|update_idle_core|__resched)")
	rule("sleep",      "^(schedule|__schedule|pick_|put_prev|_*dequeue_|choose_new_asid|invalidate_user_asid|__rdgsbase|__wrgsbase|_*task_rq_lock|__set_next|x86_task_fpu|init_wait|deactivate|finish_task|__switch_to|switch_|load_new_mm|context_switch|prepare_task|set_next|set_prev|prepare_to_wait|finish_wait|add_wait|remove_wait|save_fpregs|restore_fpregs|fpregs_|xfd|load_sp0|native_load|native_write_cr|cr4_|clear_buddies|check_cfs|rb_|__rb|newidle|sched_balance|balance_|__cond_resched|_cond_resched|yield|do_wait|rseq_|__rseq|amd_clear|mm_cid|task_|leave_mm|futex_wait|futex_q|__futex|do_sched_yield|can_migrate|put_pid|enter_lazy|native_load_tls|prev_|next_|raw_spin_rq|_find_)")
	rule("lock",       "^(_raw_spin|_raw_read|_raw_write|mutex_|__mutex|native_queued|down_|up_|rt_mutex|rt_spin|__rt_|migrate_|percpu_|refcount|kref|rcuref|__list_|__refcount)")
	rule("entry",      "^(entry_|syscall_|do_syscall|exit_to_user|x64_sys|__x64_sys|__se_sys|ksys_|vfs_|do_(iter|sync|readv|writev)|new_sync|__fget|__fdget|fdget|fget|fput|__fput|fd_|sockfd|asm_|irqentry|sysvec|ret_from|__x86_|srso|blkcg_maybe|mem_cgroup_handle|__get_task_ioprio|do_futex|__do_sys|error_|native_iret|audit|x86_64_|arch_|fixed_percpu)")
}

function rule(group, expression)
{
	groups++
	name[groups] = group
	match_[groups] = expression
}

function group_of(function_, i)
{
	if (function_ == "user space")
		return "user"
	for (i = 1; i <= groups; i++)
		if (function_ ~ match_[i])
			return name[i]
	return "mechanism"
}

$2 == "s" { current = $3; next }
{
	f = $1 ~ /^0+$/ ? "user space" : current
	count[f] += $3
	locked[f] += $4
}

END {
	for (f in count)
		printf "%.1f\t%s\t%s\t%.2f\n", count[f] / messages, group_of(f), f, locked[f] / messages
}
