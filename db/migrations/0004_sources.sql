CREATE TABLE `items` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`source_id` integer NOT NULL,
	`key` text NOT NULL,
	`address` text NOT NULL,
	`title` text NOT NULL,
	`fingerprint` text NOT NULL,
	`body` text,
	`published_at` integer,
	`state` text DEFAULT 'held' NOT NULL,
	`error` text,
	`tries` integer DEFAULT 0 NOT NULL,
	`retry_at` integer,
	`admitted_at` integer,
	`document_id` integer,
	`created_at` integer DEFAULT (cast(round(unixepoch('subsec') * 1000) as integer)) NOT NULL,
	FOREIGN KEY (`source_id`) REFERENCES `sources`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `items_key` ON `items` (`source_id`,`key`);--> statement-breakpoint
CREATE INDEX `items_state` ON `items` (`source_id`,`state`);--> statement-breakpoint
CREATE INDEX `items_document` ON `items` (`document_id`);--> statement-breakpoint
CREATE TABLE `sources` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`kind` text NOT NULL,
	`address` text NOT NULL,
	`title` text NOT NULL,
	`site` text,
	`mode` text DEFAULT 'learn' NOT NULL,
	`content` text DEFAULT 'auto' NOT NULL,
	`quota` integer,
	`state` text DEFAULT 'active' NOT NULL,
	`every` integer,
	`next_check_at` integer DEFAULT 0 NOT NULL,
	`checked_at` integer,
	`changed_at` integer,
	`error` text,
	`failures` integer DEFAULT 0 NOT NULL,
	`etag` text,
	`last_modified` text,
	`created_at` integer DEFAULT (cast(round(unixepoch('subsec') * 1000) as integer)) NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `sources_address` ON `sources` (`kind`,`address`);--> statement-breakpoint
ALTER TABLE `documents` ADD `source_id` integer REFERENCES sources(id);--> statement-breakpoint
ALTER TABLE `documents` ADD `published_at` integer;--> statement-breakpoint
ALTER TABLE `documents` ADD `consent` text DEFAULT 'yes' NOT NULL;--> statement-breakpoint
ALTER TABLE `documents` ADD `superseded_by` integer;--> statement-breakpoint
CREATE INDEX `documents_consent` ON `documents` (`consent`);--> statement-breakpoint
CREATE INDEX `documents_source` ON `documents` (`source_id`);