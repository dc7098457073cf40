"""Schedule 定时任务: which job is due, who runs it, and what the operating system is told."""
