"""The functions in Python's module and in the sqlite3 program."""

import sqlite3
import threading

import pytest
from rows import rows

TEXTS = ["", "a", "Dear Sir or Madam, thank you for your letter of 3 March.", "\u00e4\u6f22\U0001f600", "x" * 70_000, "a\0b"]


def one(connection, sql, *values):
    return connection.execute(f"SELECT {sql}", values).fetchone()[0]


def filled(connection, count):
    connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, body TEXT, packed BLOB)")
    connection.executemany("INSERT INTO t (body) VALUES (?)", [(row,) for row in rows(count)])
    return connection


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_texts_come_back_as_texts(connect, text):
    connection = connect()
    packed = one(connection, "llmzip_compress(?)", text)
    assert isinstance(packed, bytes) and len(packed) < len(text.encode()) + 16
    assert one(connection, "llmzip_decompress(?)", packed) == text
    assert one(connection, "llmzip_decompress_blob(?)", packed) == text.encode()


def test_what_is_no_text_comes_back_as_bytes(connect):
    connection = connect()
    data = bytes(range(256))
    packed = one(connection, "llmzip_compress(?)", data)
    assert one(connection, "llmzip_decompress_blob(?)", packed) == data
    with pytest.raises(sqlite3.OperationalError, match="llmzip_decompress_blob"):
        one(connection, "llmzip_decompress(?)", packed)
    assert one(connection, "llmzip_compress(NULL)") is None
    assert one(connection, "llmzip_decompress(NULL)") is None
    for number in (1, 1.5):
        with pytest.raises(sqlite3.OperationalError, match="CAST"):
            one(connection, "llmzip_compress(?)", number)


def test_the_bytes_are_the_programs(connect):
    llmzip = pytest.importorskip("llmzip")
    assert one(connect(), "llmzip_compress(?)", TEXTS[2]) == llmzip.compress(TEXTS[2].encode())


def test_damage_is_an_error(connect):
    connection = connect()
    packed = one(connection, "llmzip_compress(?)", TEXTS[2])
    for wrong in [b"", b"nothing of ours", packed[:-1], packed[:-1] + b"\0", packed + b"x", b"\xf5", b"\xf0x", b"\xf4x"]:
        with pytest.raises(sqlite3.OperationalError):
            one(connection, "llmzip_decompress_blob(?)", wrong)


def test_a_prime_makes_rows_smaller_and_is_found_by_its_number(connect, tmp_path):
    path = tmp_path / "a.db"
    connection = filled(connect(path), 300)
    prime = one(connection, "llmzip_train('SELECT body FROM t WHERE id <= 100', 8000)")
    assert one(connection, "llmzip_train('SELECT body FROM t WHERE id <= 100', 8000)") == prime
    connection.execute("UPDATE t SET packed = llmzip_compress(body, ?) WHERE id > 280", (prime,))
    alone = one(connection, "sum(length(llmzip_compress(body))) FROM t WHERE id > 280")
    primed = one(connection, "sum(length(packed)) FROM t WHERE id > 280")
    assert primed < 0.8 * alone
    connection.commit()
    connection.close()
    # Another process would see the same file.
    again = connect(path)
    assert one(again, "count(*) FROM t WHERE packed IS NOT NULL AND llmzip_decompress(packed) = body") == 20
    again.execute("DELETE FROM llmzip_primes")
    with pytest.raises(sqlite3.OperationalError, match="there is no prime"):
        one(again, "llmzip_decompress(packed) FROM t WHERE id = 290")
    # Its number is not given to another.
    assert one(again, "llmzip_train('SELECT body FROM t WHERE id > 100', 8000)") > prime


def test_a_prime_that_was_changed_is_refused(connect):
    connection = filled(connect(), 50)
    prime = one(connection, "llmzip_train('SELECT body FROM t', 3000)")
    packed = one(connection, "llmzip_compress('abc', ?)", prime)
    connection.execute("UPDATE llmzip_primes SET sha256 = zeroblob(32)")
    with pytest.raises(sqlite3.OperationalError, match="not what it was"):
        one(connection, "llmzip_decompress(?)", packed)


def test_a_view_in_the_primes_place_ends_in_an_error(connect):
    connection = connect()
    connection.execute("CREATE VIEW llmzip_primes AS SELECT 1 AS id, llmzip_decompress(x'0100') AS sha256, x'00' AS reference")
    with pytest.raises(sqlite3.OperationalError, match="asks for itself"):
        one(connection, "llmzip_decompress(x'0100')")


@pytest.mark.parametrize("primed", [False, True])
def test_many_rows_become_what_each_becomes_alone(connect, primed):
    connection = filled(connect(), 200)
    prime = one(connection, "llmzip_train('SELECT body FROM t', 4000)") if primed else None
    connection.execute("INSERT INTO t (id, body) VALUES (500, NULL), (501, ''), (502, ?)", ("long " * 20_000,))
    count = one(connection, "llmzip_compress_rows('SELECT id, body FROM t', 'UPDATE t SET packed = ?2 WHERE id = ?1', ?)", prime)
    assert count == 202
    same = "count(*) FROM t WHERE id % 20 = 1 AND packed = llmzip_compress(body, ?)"
    assert one(connection, same, prime) == one(connection, "count(*) FROM t WHERE id % 20 = 1")
    connection.execute("CREATE TABLE back (id INTEGER PRIMARY KEY, body TEXT)")
    assert one(connection, "llmzip_decompress_rows('SELECT id, packed FROM t', 'INSERT INTO back VALUES (?1, ?2)')") == 202
    assert one(connection, "count(*) FROM t JOIN back USING (id) WHERE t.body = back.body") == 202


def test_rows_are_changed_by_callers_only(connect):
    connection = connect()
    connection.execute("CREATE TABLE t (a)")
    connection.execute("CREATE VIEW v AS SELECT llmzip_train('SELECT 1') AS a")
    with pytest.raises(sqlite3.OperationalError, match="unsafe"):
        connection.execute("SELECT * FROM v").fetchall()
    with pytest.raises(sqlite3.OperationalError, match="only read"):
        one(connection, "llmzip_compress_rows('DELETE FROM t', 'SELECT 1')")
    for wrong in ["llmzip_train('SELECT a FROM t')", "llmzip_train('SELECT a FROM t', 0)", "llmzip_train('nonsense')"]:
        with pytest.raises(sqlite3.OperationalError):
            one(connection, wrong)


def test_indices_and_generated_columns_take_the_functions(connect):
    connection = connect()
    connection.execute("CREATE TABLE t (packed BLOB, town TEXT AS (json_extract(llmzip_decompress(packed), '$.town')))")
    connection.execute("CREATE INDEX by_town ON t (town)")
    connection.executemany("INSERT INTO t VALUES (llmzip_compress(?))", [(row,) for row in rows(30)])
    plan = connection.execute("EXPLAIN QUERY PLAN SELECT count(*) FROM t WHERE town = 'Oslo'").fetchall()
    assert "by_town" in str(plan)
    expected = sum('"town": "Oslo"' in row for row in rows(30))
    assert one(connection, "count(*) FROM t WHERE town = 'Oslo'") == expected


def test_connections_on_threads_do_not_disturb_each_other(connect, tmp_path):
    path = tmp_path / "a.db"
    connection = filled(connect(path), 60)
    prime = one(connection, "llmzip_train('SELECT body FROM t', 3000)")
    connection.commit()
    wrong = []

    def work(part):
        mine = connect(path)
        sql = "count(*) FROM t WHERE id % 4 = ? AND llmzip_decompress(llmzip_compress(body, ?)) = body"
        if one(mine, sql, part, prime) != 15:
            wrong.append(part)

    threads = [threading.Thread(target=work, args=(part,)) for part in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_the_program_loads_it(shell, tmp_path):
    assert shell("SELECT llmzip_decompress(llmzip_compress('in and out again'));") == "in and out again\n"
    path = str(tmp_path / "a.db")
    shell(
        """
        CREATE TABLE t (id INTEGER PRIMARY KEY, body TEXT);
        INSERT INTO t (body) VALUES ('one and two'), ('two and three'), ('three and four');
        CREATE TABLE p AS SELECT llmzip_train('SELECT body FROM t', 1000) AS prime;
        UPDATE t SET body = llmzip_compress(body, (SELECT prime FROM p)) WHERE id > 1;
        """,
        path,
    )
    said = shell("SELECT typeof(body), llmzip_decompress(body) FROM t WHERE id > 1;", path)
    assert said == "blob|two and three\nblob|three and four\n"
