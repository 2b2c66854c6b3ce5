CREATE TABLE `experiment_steps` (
	`experiment_id` integer NOT NULL,
	`arm` text NOT NULL,
	`sequence` integer NOT NULL,
	`ordering` integer NOT NULL,
	`step` integer NOT NULL,
	`passage_id` integer,
	`update_id` integer NOT NULL,
	`verdict` text NOT NULL,
	`reason` text NOT NULL,
	`seconds` text NOT NULL,
	`rows` integer NOT NULL,
	`asked_rows` integer NOT NULL,
	`control` text,
	PRIMARY KEY(`experiment_id`, `arm`, `sequence`, `ordering`, `step`),
	FOREIGN KEY (`experiment_id`) REFERENCES `experiments`(`id`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`passage_id`) REFERENCES `experiment_passages`(`id`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`update_id`) REFERENCES `experiment_updates`(`id`) ON UPDATE no action ON DELETE no action
);
