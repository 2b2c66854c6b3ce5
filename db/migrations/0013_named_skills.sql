CREATE TABLE `skills` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`name` text NOT NULL,
	`task_id` integer NOT NULL,
	`state` text DEFAULT 'learning' NOT NULL,
	`reason` text,
	`base` text,
	`trials` text DEFAULT '[]' NOT NULL,
	`invalid` integer DEFAULT 0 NOT NULL,
	`recipe` text,
	`file` text,
	`sha256` text,
	`model` text,
	`answers` text,
	`created_at` integer DEFAULT (cast(round(unixepoch('subsec') * 1000) as integer)) NOT NULL,
	`finished_at` integer,
	FOREIGN KEY (`task_id`) REFERENCES `tasks`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `skills_name` ON `skills` (`name`);