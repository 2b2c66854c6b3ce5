CREATE TABLE `experiment_arms` (
	`experiment_id` integer NOT NULL,
	`arm` text NOT NULL,
	`kind` text NOT NULL,
	`regime` text NOT NULL,
	`budget` text NOT NULL,
	`seed` integer NOT NULL,
	`unit` integer NOT NULL,
	`ordinal` integer NOT NULL,
	`update_id` integer NOT NULL,
	PRIMARY KEY(`experiment_id`, `arm`, `kind`, `regime`, `budget`, `seed`, `unit`, `ordinal`),
	FOREIGN KEY (`experiment_id`) REFERENCES `experiments`(`id`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`update_id`) REFERENCES `experiment_updates`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `experiment_arms_update` ON `experiment_arms` (`update_id`);--> statement-breakpoint
CREATE TABLE `experiment_edits` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`passage_id` integer NOT NULL,
	`seed` integer NOT NULL,
	`writer` text NOT NULL,
	`kind` text NOT NULL,
	`ordinal` integer NOT NULL,
	`lines` text NOT NULL,
	`dropped` integer NOT NULL,
	`prompt` text,
	`completions` text,
	FOREIGN KEY (`passage_id`) REFERENCES `experiment_passages`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `experiment_edits_place` ON `experiment_edits` (`passage_id`,`seed`,`writer`,`kind`,`ordinal`);--> statement-breakpoint
CREATE TABLE `experiment_passages` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`experiment_id` integer NOT NULL,
	`ordinal` integer NOT NULL,
	`role` text NOT NULL,
	`round` integer,
	`title` text NOT NULL,
	`text` text NOT NULL,
	`probed` integer DEFAULT false NOT NULL,
	FOREIGN KEY (`experiment_id`) REFERENCES `experiments`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `experiment_passages_ordinal` ON `experiment_passages` (`experiment_id`,`ordinal`);--> statement-breakpoint
CREATE TABLE `experiment_policies` (
	`experiment_id` integer NOT NULL,
	`seed` integer NOT NULL,
	`kind` text NOT NULL,
	`round` integer NOT NULL,
	`file` text NOT NULL,
	`sha256` text NOT NULL,
	`edit_ids` text NOT NULL,
	`rows` integer NOT NULL,
	`losses` text NOT NULL,
	`seconds` real NOT NULL,
	PRIMARY KEY(`experiment_id`, `seed`, `kind`, `round`),
	FOREIGN KEY (`experiment_id`) REFERENCES `experiments`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE TABLE `experiment_questions` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`passage_id` integer NOT NULL,
	`use` text NOT NULL,
	`wording` text NOT NULL,
	`question` text NOT NULL,
	`prompt` text NOT NULL,
	`answers` text NOT NULL,
	`distractors` text NOT NULL,
	FOREIGN KEY (`passage_id`) REFERENCES `experiment_passages`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `experiment_questions_passage` ON `experiment_questions` (`passage_id`);--> statement-breakpoint
CREATE TABLE `experiment_searches` (
	`experiment_id` integer NOT NULL,
	`arm` text NOT NULL,
	`kind` text NOT NULL,
	`regime` text NOT NULL,
	`budget` text NOT NULL,
	`learning_rate` real NOT NULL,
	`epochs` integer,
	`tried` text NOT NULL,
	PRIMARY KEY(`experiment_id`, `arm`, `kind`, `regime`, `budget`),
	FOREIGN KEY (`experiment_id`) REFERENCES `experiments`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE TABLE `experiment_scores` (
	`update_id` integer NOT NULL,
	`question_id` integer NOT NULL,
	`logprob` real NOT NULL,
	`distractors` real,
	`rank` integer NOT NULL,
	`exact` integer NOT NULL,
	`generated` text,
	`match` integer,
	PRIMARY KEY(`update_id`, `question_id`),
	FOREIGN KEY (`update_id`) REFERENCES `experiment_updates`(`id`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`question_id`) REFERENCES `experiment_questions`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE TABLE `experiment_updates` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`experiment_id` integer NOT NULL,
	`key` text NOT NULL,
	`passage_ids` text NOT NULL,
	`edit_ids` text NOT NULL,
	`seed` integer NOT NULL,
	`learning_rate` real NOT NULL,
	`epochs` integer NOT NULL,
	`tokens` integer NOT NULL,
	`supervised_tokens` integer NOT NULL,
	`steps` integer NOT NULL,
	`first_loss` real,
	`last_loss` real,
	`diverged` integer DEFAULT false NOT NULL,
	`seconds` real NOT NULL,
	FOREIGN KEY (`experiment_id`) REFERENCES `experiments`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `experiment_updates_key` ON `experiment_updates` (`experiment_id`,`key`);--> statement-breakpoint
CREATE TABLE `experiments` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`kind` text NOT NULL,
	`key` text NOT NULL,
	`config` text NOT NULL,
	`model` text NOT NULL,
	`model_hash` text NOT NULL,
	`data` text NOT NULL,
	`data_hash` text NOT NULL,
	`machine` text NOT NULL,
	`problems` text DEFAULT '[]' NOT NULL,
	`audit` text,
	`seconds` real DEFAULT 0 NOT NULL,
	`created_at` integer DEFAULT (cast(round(unixepoch('subsec') * 1000) as integer)) NOT NULL,
	`finished_at` integer
);
--> statement-breakpoint
CREATE UNIQUE INDEX `experiments_key` ON `experiments` (`key`);