CREATE TABLE `policies` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`parent_id` integer NOT NULL,
	`round_id` integer NOT NULL,
	`file` text NOT NULL,
	`sha256` text NOT NULL,
	`created_at` integer DEFAULT (cast(round(unixepoch('subsec') * 1000) as integer)) NOT NULL,
	FOREIGN KEY (`round_id`) REFERENCES `rounds`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE TABLE `recorded_edits` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`passage_id` integer NOT NULL,
	`kind` text NOT NULL,
	`completion` text NOT NULL,
	`source` text NOT NULL,
	`created_at` integer DEFAULT (cast(round(unixepoch('subsec') * 1000) as integer)) NOT NULL,
	FOREIGN KEY (`passage_id`) REFERENCES `passages`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `recorded_edits_text` ON `recorded_edits` (`passage_id`,`completion`);--> statement-breakpoint
CREATE TABLE `round_passages` (
	`round_id` integer NOT NULL,
	`passage_id` integer NOT NULL,
	`role` text NOT NULL,
	`candidate_id` integer,
	PRIMARY KEY(`round_id`, `passage_id`),
	FOREIGN KEY (`round_id`) REFERENCES `rounds`(`id`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`passage_id`) REFERENCES `passages`(`id`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`candidate_id`) REFERENCES `candidates`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `round_passages_passage` ON `round_passages` (`passage_id`);--> statement-breakpoint
CREATE TABLE `rounds` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`policy_id` integer NOT NULL,
	`version_id` integer NOT NULL,
	`stage` text DEFAULT 'train' NOT NULL,
	`verdict` text,
	`reason` text,
	`rows` integer,
	`file` text,
	`sha256` text,
	`losses` text,
	`train_tokens` integer,
	`trial` text,
	`new_policy_id` integer,
	`timing` text DEFAULT '{}' NOT NULL,
	`created_at` integer DEFAULT (cast(round(unixepoch('subsec') * 1000) as integer)) NOT NULL,
	`finished_at` integer
);
--> statement-breakpoint
CREATE TABLE `teacher_usage` (
	`day` text NOT NULL,
	`teacher` text NOT NULL,
	`requests` integer DEFAULT 0 NOT NULL,
	`failures` integer DEFAULT 0 NOT NULL,
	`prompt_tokens` integer DEFAULT 0 NOT NULL,
	`completion_tokens` integer DEFAULT 0 NOT NULL,
	PRIMARY KEY(`day`, `teacher`)
);
--> statement-breakpoint
CREATE TABLE `trials` (
	`round_id` integer NOT NULL,
	`passage_id` integer NOT NULL,
	`writer` text NOT NULL,
	`ordinal` integer NOT NULL,
	`kind` text NOT NULL,
	`lines` text NOT NULL,
	`gain` real NOT NULL,
	`gains` text NOT NULL,
	`train_tokens` integer NOT NULL,
	`seconds` real NOT NULL,
	PRIMARY KEY(`round_id`, `passage_id`, `writer`, `ordinal`),
	FOREIGN KEY (`round_id`) REFERENCES `rounds`(`id`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`passage_id`) REFERENCES `passages`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
ALTER TABLE `candidates` ADD `origin` text DEFAULT 'self' NOT NULL;--> statement-breakpoint
ALTER TABLE `candidates` ADD `policy_id` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `candidates` ADD `prompt` text;--> statement-breakpoint
ALTER TABLE `candidates` ADD `completions` text;--> statement-breakpoint
ALTER TABLE `candidates` ADD `gains` text;--> statement-breakpoint
ALTER TABLE `probes` ADD `distractors` text DEFAULT '[]' NOT NULL;--> statement-breakpoint
UPDATE `candidates` SET `kind` = 'self-qa' WHERE `kind` = 'questions';--> statement-breakpoint
UPDATE `candidates` SET `origin` = 'rule' WHERE `kind` = 'sentences';
