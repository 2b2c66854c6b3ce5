CREATE TABLE `beliefs` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`version_id` integer NOT NULL,
	`probe_id` integer,
	`control_id` integer,
	`question` text NOT NULL,
	`answer` text NOT NULL,
	`said` text NOT NULL,
	`probability` real NOT NULL,
	`before` real NOT NULL,
	FOREIGN KEY (`probe_id`) REFERENCES `probes`(`id`) ON UPDATE no action ON DELETE cascade,
	FOREIGN KEY (`control_id`) REFERENCES `control_items`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `beliefs_version` ON `beliefs` (`version_id`);--> statement-breakpoint
CREATE TABLE `control_items` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`model` text NOT NULL,
	`kind` text NOT NULL,
	`split` text NOT NULL,
	`context` text NOT NULL,
	`answer` text NOT NULL,
	`end` integer NOT NULL,
	`about` text NOT NULL,
	`logprob` real NOT NULL,
	`tokens` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `control_items_model` ON `control_items` (`model`);--> statement-breakpoint
CREATE TABLE `control_scores` (
	`version_id` integer NOT NULL,
	`item_id` integer NOT NULL,
	`logprob` real NOT NULL,
	`tokens` integer NOT NULL,
	`exact` integer NOT NULL,
	PRIMARY KEY(`version_id`, `item_id`),
	FOREIGN KEY (`item_id`) REFERENCES `control_items`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE TABLE `gates` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`update_id` integer NOT NULL,
	`candidate_id` integer NOT NULL,
	`scale` real NOT NULL,
	`verdict` text NOT NULL,
	`reason` text NOT NULL,
	`figures` text NOT NULL,
	`file` text,
	`sha256` text,
	`created_at` integer DEFAULT (cast(round(unixepoch('subsec') * 1000) as integer)) NOT NULL,
	FOREIGN KEY (`update_id`) REFERENCES `updates`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE UNIQUE INDEX `gates_trial` ON `gates` (`update_id`,`candidate_id`,`scale`);--> statement-breakpoint
CREATE TABLE `measurements` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`version_id` integer NOT NULL,
	`kind` text NOT NULL,
	`figures` text NOT NULL,
	`forward` real,
	`seconds` real NOT NULL,
	`created_at` integer DEFAULT (cast(round(unixepoch('subsec') * 1000) as integer)) NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `measurements_version` ON `measurements` (`version_id`,`kind`);--> statement-breakpoint
CREATE TABLE `rehearsals` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`model` text NOT NULL,
	`form` text NOT NULL,
	`prompt` text NOT NULL,
	`output` text NOT NULL,
	`tokens` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `rehearsals_model` ON `rehearsals` (`model`);--> statement-breakpoint
CREATE TABLE `retention` (
	`probe_id` integer PRIMARY KEY NOT NULL,
	`passage_id` integer NOT NULL,
	`split` text NOT NULL,
	`kind` text NOT NULL,
	`role` text NOT NULL,
	`anchor_version` integer NOT NULL,
	`anchor_exact` integer NOT NULL,
	`anchor_logprob` real NOT NULL,
	`base_exact` integer NOT NULL,
	`base_logprob` real NOT NULL,
	`ever_exact` integer NOT NULL,
	`last_version` integer NOT NULL,
	`last_exact` integer NOT NULL,
	`last_logprob` real NOT NULL,
	`looks` integer DEFAULT 0 NOT NULL,
	`failures` integer DEFAULT 0 NOT NULL,
	`due` integer,
	`stability` real,
	`difficulty` real,
	`reps` integer DEFAULT 0 NOT NULL,
	`lapses` integer DEFAULT 0 NOT NULL,
	`phase` integer DEFAULT 0 NOT NULL,
	`reviewed_version` integer,
	FOREIGN KEY (`probe_id`) REFERENCES `probes`(`id`) ON UPDATE no action ON DELETE cascade,
	FOREIGN KEY (`passage_id`) REFERENCES `passages`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `retention_passage` ON `retention` (`passage_id`);--> statement-breakpoint
CREATE INDEX `retention_due` ON `retention` (`split`,`role`,`due`);--> statement-breakpoint
ALTER TABLE `probes` ADD `superseded_by` integer;--> statement-breakpoint
ALTER TABLE `probes` ADD `valid_until` integer;--> statement-breakpoint
ALTER TABLE `probes` ADD `new_answer` text;--> statement-breakpoint
ALTER TABLE `versions` ADD `broken` text;