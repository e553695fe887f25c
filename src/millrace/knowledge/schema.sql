-- The file knowledge.db. Texts of users are kept here, so a later form is reached by migrating, never by starting anew.
CREATE TABLE documents (
    id TEXT PRIMARY KEY,
    owner TEXT NOT NULL,          -- 'user:' and the user's id, 'shared' or 'builtin'
    title TEXT NOT NULL,
    url TEXT NOT NULL,
    text TEXT NOT NULL,
    digest TEXT NOT NULL,         -- of what the passages were cut from and how; another one means: cut anew
    passages INTEGER NOT NULL,
    created_at INTEGER NOT NULL   -- Unix milliseconds (UTC)
) STRICT;
CREATE INDEX documents_owner ON documents (owner, created_at);

CREATE TABLE passages (
    id INTEGER PRIMARY KEY,
    document_id TEXT NOT NULL REFERENCES documents (id),
    position INTEGER NOT NULL,    -- from 0 within the document
    reader TEXT NOT NULL,         -- one word that stands for the owner, so that a search reads no other user's entries
    title TEXT NOT NULL,
    heading TEXT NOT NULL,
    body TEXT NOT NULL
) STRICT;
CREATE INDEX passages_document ON passages (document_id, position);

CREATE VIRTUAL TABLE passages_index USING fts5 (
    reader, title, heading, body,
    content = 'passages', content_rowid = 'id', tokenize = 'porter unicode61'
);
CREATE TRIGGER passages_added AFTER INSERT ON passages BEGIN
    INSERT INTO passages_index (rowid, reader, title, heading, body)
    VALUES (new.id, new.reader, new.title, new.heading, new.body);
END;
CREATE TRIGGER passages_removed AFTER DELETE ON passages BEGIN
    INSERT INTO passages_index (passages_index, rowid, reader, title, heading, body)
    VALUES ('delete', old.id, old.reader, old.title, old.heading, old.body);
END;
