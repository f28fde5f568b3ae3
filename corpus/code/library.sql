-- A lending library: members, things, loans, and the questions that are asked every day.

CREATE TABLE member (
    id          INTEGER PRIMARY KEY,
    name        TEXT NOT NULL CHECK (length(name) > 0),
    mail        TEXT UNIQUE,
    joined_on   DATE NOT NULL DEFAULT CURRENT_DATE,
    left_on     DATE CHECK (left_on IS NULL OR left_on >= joined_on)
);

CREATE TABLE thing (
    id          INTEGER PRIMARY KEY,
    name        TEXT NOT NULL,
    shelf       TEXT NOT NULL,
    loan_days   INTEGER NOT NULL DEFAULT 14 CHECK (loan_days BETWEEN 1 AND 90)
);

CREATE TABLE loan (
    id          INTEGER PRIMARY KEY,
    member_id   INTEGER NOT NULL REFERENCES member (id),
    thing_id    INTEGER NOT NULL REFERENCES thing (id),
    taken_on    DATE NOT NULL,
    due_on      DATE NOT NULL,
    returned_on DATE,
    story       TEXT,
    CHECK (due_on > taken_on),
    CHECK (returned_on IS NULL OR returned_on >= taken_on)
);

-- A thing can be with one member only.
CREATE UNIQUE INDEX loan_open ON loan (thing_id) WHERE returned_on IS NULL;
CREATE INDEX loan_by_member ON loan (member_id, taken_on);

CREATE VIEW overdue AS
SELECT m.name AS member, m.mail, t.name AS thing, l.due_on,
       CAST(julianday('now') - julianday(l.due_on) AS INTEGER) AS days_late
FROM loan AS l
JOIN member AS m ON m.id = l.member_id
JOIN thing AS t ON t.id = l.thing_id
WHERE l.returned_on IS NULL
  AND l.due_on < CURRENT_DATE
ORDER BY days_late DESC, m.name;

-- What is asked for most, and how long it stays away.
WITH lent AS (
    SELECT thing_id, count(*) AS times,
           avg(julianday(coalesce(returned_on, CURRENT_DATE)) - julianday(taken_on)) AS mean_days
    FROM loan
    WHERE taken_on >= date('now', '-1 year')
    GROUP BY thing_id
)
SELECT t.name, t.shelf, coalesce(lent.times, 0) AS times, round(lent.mean_days, 1) AS mean_days
FROM thing AS t
LEFT JOIN lent ON lent.thing_id = t.id
ORDER BY times DESC, t.name
LIMIT 20;

INSERT INTO thing (name, shelf, loan_days) VALUES
    ('ladder, 3 m', 'A1', 7),
    ('drill', 'A2', 7),
    ('tent no. 3', 'C1', 21),
    ('sewing machine', 'B4', 14),
    ('trombone', 'D9', 90);
