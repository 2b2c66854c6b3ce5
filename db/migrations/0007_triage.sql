CREATE TABLE `refit_passages` (
	`refit_id` integer NOT NULL,
	`passage_id` integer NOT NULL,
	`role` text NOT NULL,
	`update_id` integer,
	`anchor_version` integer,
	PRIMARY KEY(`refit_id`, `passage_id`),
	FOREIGN KEY (`refit_id`) REFERENCES `refits`(`id`) ON UPDATE no action ON DELETE cascade,
	FOREIGN KEY (`passage_id`) REFERENCES `passages`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE TABLE `refits` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`kind` text NOT NULL,
	`subject` text DEFAULT '' NOT NULL,
	`of_version_id` integer,
	`from_version_id` integer,
	`stage` text DEFAULT 'train' NOT NULL,
	`verdict` text,
	`reason` text,
	`rows` integer,
	`file` text,
	`sha256` text,
	`losses` text,
	`train_tokens` integer,
	`figures` text,
	`proof` text,
	`version_id` integer,
	`timing` text DEFAULT '{}' NOT NULL,
	`created_at` integer DEFAULT (cast(round(unixepoch('subsec') * 1000) as integer)) NOT NULL,
	`finished_at` integer
);
--> statement-breakpoint
CREATE INDEX `refits_finished` ON `refits` (`finished_at`);--> statement-breakpoint
CREATE TABLE `decisions` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`passage_id` integer NOT NULL,
	`update_id` integer,
	`version_id` integer NOT NULL,
	`verdict` text NOT NULL,
	`by` text NOT NULL,
	`probes` integer,
	`accuracy` real,
	`logprob` real,
	`surprise` real,
	`typical` real,
	`reason` text NOT NULL,
	`created_at` integer DEFAULT (cast(round(unixepoch('subsec') * 1000) as integer)) NOT NULL,
	FOREIGN KEY (`passage_id`) REFERENCES `passages`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `decisions_passage` ON `decisions` (`passage_id`);--> statement-breakpoint
CREATE INDEX `decisions_update` ON `decisions` (`update_id`);--> statement-breakpoint
CREATE TABLE `feedback` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`kind` text NOT NULL,
	`question` text NOT NULL,
	`key` text NOT NULL,
	`answer` text,
	`given` text NOT NULL,
	`version_id` integer NOT NULL,
	`via` text NOT NULL,
	`passage_id` integer,
	`probe_id` integer,
	`times` integer DEFAULT 1 NOT NULL,
	`settled_by` integer,
	`created_at` integer DEFAULT (cast(round(unixepoch('subsec') * 1000) as integer)) NOT NULL,
	`last_at` integer NOT NULL,
	FOREIGN KEY (`passage_id`) REFERENCES `passages`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `feedback_passage` ON `feedback` (`passage_id`);--> statement-breakpoint
CREATE INDEX `feedback_key` ON `feedback` (`key`);--> statement-breakpoint
PRAGMA foreign_keys=OFF;--> statement-breakpoint
CREATE TABLE `__new_versions` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`parent_id` integer,
	`update_id` integer,
	`refit_id` integer,
	`replaces` integer,
	`file` text NOT NULL,
	`sha256` text NOT NULL,
	`model` text,
	`pinned` integer DEFAULT false NOT NULL,
	`pruned_at` integer,
	`broken` text,
	`created_at` integer DEFAULT (cast(round(unixepoch('subsec') * 1000) as integer)) NOT NULL,
	FOREIGN KEY (`update_id`) REFERENCES `updates`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
INSERT INTO `__new_versions`("id", "parent_id", "update_id", "file", "sha256", "broken", "created_at") SELECT "id", "parent_id", "update_id", "file", "sha256", "broken", "created_at" FROM `versions`;--> statement-breakpoint
DROP TABLE `versions`;--> statement-breakpoint
ALTER TABLE `__new_versions` RENAME TO `versions`;--> statement-breakpoint
PRAGMA foreign_keys=ON;--> statement-breakpoint
CREATE INDEX `versions_update` ON `versions` (`update_id`);--> statement-breakpoint
ALTER TABLE `jobs` ADD `priority` real DEFAULT 0 NOT NULL;--> statement-breakpoint
CREATE INDEX `jobs_next` ON `jobs` (`state`,`kind`,"priority" desc,`id`);--> statement-breakpoint
ALTER TABLE `probes` ADD `origin` text DEFAULT 'made' NOT NULL;--> statement-breakpoint
ALTER TABLE `updates` ADD `lead_id` integer;--> statement-breakpoint
CREATE INDEX `updates_finished` ON `updates` (`finished_at`);--> statement-breakpoint
CREATE INDEX `updates_lead` ON `updates` (`lead_id`) WHERE lead_id is not null;--> statement-breakpoint
ALTER TABLE `passages` ADD `surprise` real;--> statement-breakpoint
CREATE INDEX `passages_surprise` ON `passages` (`id`) WHERE surprise is not null;--> statement-breakpoint
CREATE INDEX `passages_created` ON `passages` (`created_at`);--> statement-breakpoint
CREATE INDEX `passages_review` ON `passages` (`id`) WHERE decision = 'review';--> statement-breakpoint
ALTER TABLE `sources` ADD `trust` text DEFAULT 'normal' NOT NULL;--> statement-breakpoint
ALTER TABLE `policies` ADD `model` text;