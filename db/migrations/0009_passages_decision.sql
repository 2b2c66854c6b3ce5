DROP INDEX `passages_review`;--> statement-breakpoint
CREATE INDEX `passages_decision` ON `passages` (`decision`,`id`);