CREATE TABLE `answers` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`turn_id` integer NOT NULL,
	`arm` text NOT NULL,
	`version_id` integer NOT NULL,
	`state` text DEFAULT 'writing' NOT NULL,
	`text` text DEFAULT '' NOT NULL,
	`origin` text,
	`logprob` real,
	`passages` text DEFAULT '[]' NOT NULL,
	`probes` text DEFAULT '[]' NOT NULL,
	`error` text,
	`feedback_id` integer,
	FOREIGN KEY (`turn_id`) REFERENCES `turns`(`id`) ON UPDATE no action ON DELETE cascade,
	FOREIGN KEY (`feedback_id`) REFERENCES `feedback`(`id`) ON UPDATE no action ON DELETE set null
);
--> statement-breakpoint
CREATE UNIQUE INDEX `answers_arm` ON `answers` (`turn_id`,`arm`);--> statement-breakpoint
CREATE INDEX `answers_state` ON `answers` (`state`);--> statement-breakpoint
CREATE TABLE `conversations` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`title` text NOT NULL,
	`version_id` integer NOT NULL,
	`created_at` integer DEFAULT (cast(round(unixepoch('subsec') * 1000) as integer)) NOT NULL,
	`last_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `conversations_last` ON `conversations` (`last_at`);--> statement-breakpoint
CREATE TABLE `turns` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`conversation_id` integer NOT NULL,
	`question` text NOT NULL,
	`mode` text NOT NULL,
	`looked_up` text,
	`created_at` integer DEFAULT (cast(round(unixepoch('subsec') * 1000) as integer)) NOT NULL,
	FOREIGN KEY (`conversation_id`) REFERENCES `conversations`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `turns_conversation` ON `turns` (`conversation_id`);--> statement-breakpoint
CREATE VIRTUAL TABLE `conversations_search` USING fts5(title, said, tokenize="unicode61 remove_diacritics 2");
