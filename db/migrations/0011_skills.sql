CREATE TABLE `experiment_tasks` (
	`experiment_id` integer NOT NULL,
	`ordinal` integer NOT NULL,
	`task_id` integer NOT NULL,
	`role` text NOT NULL,
	PRIMARY KEY(`experiment_id`, `ordinal`),
	FOREIGN KEY (`experiment_id`) REFERENCES `experiments`(`id`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`task_id`) REFERENCES `tasks`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE TABLE `task_arms` (
	`experiment_id` integer NOT NULL,
	`arm` text NOT NULL,
	`seed` integer NOT NULL,
	`task_id` integer NOT NULL,
	`ordinal` integer NOT NULL,
	`update_id` integer NOT NULL,
	PRIMARY KEY(`experiment_id`, `arm`, `seed`, `task_id`, `ordinal`),
	FOREIGN KEY (`experiment_id`) REFERENCES `experiments`(`id`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`task_id`) REFERENCES `tasks`(`id`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`update_id`) REFERENCES `task_updates`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `task_arms_update` ON `task_arms` (`update_id`);--> statement-breakpoint
CREATE TABLE `task_predictions` (
	`update_id` integer NOT NULL,
	`test` integer NOT NULL,
	`attempt` integer NOT NULL,
	`output` text NOT NULL,
	`votes` integer NOT NULL,
	`right` integer NOT NULL,
	PRIMARY KEY(`update_id`, `test`, `attempt`),
	FOREIGN KEY (`update_id`) REFERENCES `task_updates`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE TABLE `task_recipes` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`experiment_id` integer NOT NULL,
	`task_id` integer NOT NULL,
	`seed` integer NOT NULL,
	`writer` text NOT NULL,
	`ordinal` integer NOT NULL,
	`text` text NOT NULL,
	`recipe` text,
	FOREIGN KEY (`experiment_id`) REFERENCES `experiments`(`id`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`task_id`) REFERENCES `tasks`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `task_recipes_place` ON `task_recipes` (`experiment_id`,`task_id`,`seed`,`writer`,`ordinal`);--> statement-breakpoint
CREATE TABLE `task_updates` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`experiment_id` integer NOT NULL,
	`task_id` integer NOT NULL,
	`recipe` text,
	`key` text NOT NULL,
	`seed` integer NOT NULL,
	`rows` integer NOT NULL,
	`epochs` integer NOT NULL,
	`bounded` integer NOT NULL,
	`unreadable` integer NOT NULL,
	`tokens` integer NOT NULL,
	`supervised_tokens` integer NOT NULL,
	`steps` integer NOT NULL,
	`first_loss` real,
	`last_loss` real,
	`diverged` integer NOT NULL,
	`seconds` real NOT NULL,
	`exact` real NOT NULL,
	`logprob` real NOT NULL,
	`views` integer,
	FOREIGN KEY (`experiment_id`) REFERENCES `experiments`(`id`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`task_id`) REFERENCES `tasks`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `task_updates_key` ON `task_updates` (`experiment_id`,`task_id`,`key`,`seed`);--> statement-breakpoint
CREATE INDEX `task_updates_task` ON `task_updates` (`task_id`);--> statement-breakpoint
CREATE TABLE `tasks` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`key` text NOT NULL,
	`name` text NOT NULL,
	`format` text NOT NULL,
	`train` text NOT NULL,
	`test` text NOT NULL,
	`created_at` integer DEFAULT (cast(round(unixepoch('subsec') * 1000) as integer)) NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `tasks_key` ON `tasks` (`key`);