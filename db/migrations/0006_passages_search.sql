CREATE VIRTUAL TABLE `passages_search` USING fts5(title, text, content=`passages`, content_rowid=`id`, tokenize="unicode61 remove_diacritics 2");
--> statement-breakpoint
INSERT INTO `passages_search`(`passages_search`) VALUES ('rebuild');
--> statement-breakpoint
CREATE TRIGGER `passages_search_insert` AFTER INSERT ON `passages` BEGIN
	INSERT INTO `passages_search`(rowid, title, text) VALUES (new.id, new.title, new.text);
END;
--> statement-breakpoint
CREATE TRIGGER `passages_search_delete` AFTER DELETE ON `passages` BEGIN
	INSERT INTO `passages_search`(`passages_search`, rowid, title, text) VALUES ('delete', old.id, old.title, old.text);
END;
--> statement-breakpoint
CREATE TRIGGER `passages_search_update` AFTER UPDATE OF `title`, `text` ON `passages` BEGIN
	INSERT INTO `passages_search`(`passages_search`, rowid, title, text) VALUES ('delete', old.id, old.title, old.text);
	INSERT INTO `passages_search`(rowid, title, text) VALUES (new.id, new.title, new.text);
END;
