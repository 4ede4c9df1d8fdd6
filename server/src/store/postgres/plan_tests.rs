//! What is read of a long history, by the counts that PostgreSQL keeps of what it does: what was asked for, and no table as a
//! whole. On a computer of its own the wrong plan is fast as well.

use tokio_postgres::{Transaction, types::Type};

use super::{
    history::{BY_HOUR, BY_VALUE, IS_ANY, LATEST},
    tests::{client, open},
};

/// A history of one app, ten rows of which are of one number; and ten sides of usage, each hour of which has a row.
const FILL: &str = "
INSERT INTO history (app_key, kind, ending, name, is_first, confirm, started_at, ended_at, recipient)
    SELECT '8XKPQ2WN', 0, 0, i::text, true, 0, i, i,
        CASE WHEN i % 2000 = 0 THEN decode(repeat('07', 32), 'hex') ELSE decode(repeat(to_hex(i % 90 + 16), 32), 'hex') END
    FROM generate_series(1, 20000) i;
UPDATE usage_counted SET last = (SELECT max(id) FROM history);
INSERT INTO usage_hours SELECT i % 10, '8XKPQ2WN', i / 10, 0, '', 1, 1, 1, 1, 1 FROM generate_series(0, 19999) i;
ANALYZE history; ANALYZE usage_hours";

/// Rows of a table that this connection has read by now, of the whole table or by an index.
async fn read(transaction: &Transaction<'_>, table: &str) -> i64 {
    let sql =
        "SELECT seq_tup_read + coalesce(idx_tup_fetch, 0) FROM pg_stat_xact_user_tables WHERE relname = $1";
    transaction.query_typed(sql, &[(&table, Type::TEXT)]).await.unwrap()[0].get(0)
}

#[tokio::test]
async fn of_a_long_history_what_is_asked_for_is_read() {
    let Some((_store, url)) = open().await else { return };
    let mut db = client(&url).await;
    db.batch_execute(FILL).await.unwrap();
    let transaction = db.transaction().await.unwrap();

    // Each second it is asked whether there is anything to count.
    let filled = read(&transaction, "history").await;
    assert!(transaction.query_typed(IS_ANY, &[]).await.unwrap().is_empty());
    assert!(read(&transaction, "history").await - filled <= 1);

    let (none, no_list) = (None::<&str>, None::<Vec<&str>>);
    for (sql, facet) in [(BY_HOUR, 0_i64), (BY_VALUE, 2)] {
        let before = read(&transaction, "usage_hours").await;
        // Of the hours 240 to 480, whole days but for the first side.
        let (from, to) = (240_i64, 480_i64);
        let (head, tail) = if facet == 0 { (to, to) } else { (from + 24, to - 24) };
        let values: [(&(dyn tokio_postgres::types::ToSql + Sync), Type); 7] = [
            (&facet, Type::INT8),
            (&none, Type::TEXT),
            (&from, Type::INT8),
            (&to, Type::INT8),
            (&head, Type::INT8),
            (&tail, Type::INT8),
            (&no_list, Type::TEXT_ARRAY),
        ];
        assert!(!transaction.query_typed(sql, &values).await.unwrap().is_empty());
        let rows_read = read(&transaction, "usage_hours").await - before;
        assert!(rows_read <= to - from, "side {facet}: {rows_read} rows");
    }
    assert!(read(&transaction, "history").await - filled <= 4, "all of it is counted");

    let (above, below, most) = (0_i64, i64::MAX, 50_i64);
    let (number, numbers, mac) = (None::<i64>, None::<Vec<i64>>, [7_u8; 32]);
    let (macs, first_bytes) = (vec![&mac[..]], vec![&mac[..1]]);
    let before = read(&transaction, "history").await;
    let values: [(&(dyn tokio_postgres::types::ToSql + Sync), Type); 13] = [
        (&above, Type::INT8),
        (&below, Type::INT8),
        (&none, Type::TEXT),
        (&number, Type::INT8),
        (&numbers, Type::INT8_ARRAY),
        (&none, Type::TEXT),
        (&none, Type::TEXT),
        (&macs, Type::BYTEA_ARRAY),
        (&number, Type::INT8),
        (&number, Type::INT8),
        (&most, Type::INT8),
        (&no_list, Type::TEXT_ARRAY),
        (&first_bytes, Type::BYTEA_ARRAY),
    ];
    let found = transaction.query_typed(LATEST, &values).await.unwrap();
    assert_eq!(found.len(), 10);
    // With the few at which the planner looks.
    let rows_read = read(&transaction, "history").await - before;
    assert!(rows_read <= 15, "{rows_read} rows for the ten of one number");
}
