//! What tests look for people in: everything that the database's file holds, by table and by byte.

use std::path::Path;

use rusqlite::{Connection, OpenFlags, types::ValueRef};

/// The values of every column of every row of every table, each behind the name of its table.
///
/// Tables that are added later are in it by themselves.
pub(crate) fn tables(path: &Path) -> Vec<(String, Vec<u8>)> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let mut names = connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").unwrap();
    let names: Vec<String> = names.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let values = names.into_iter().map(|name| {
        let mut bytes = Vec::new();
        let mut statement = connection.prepare(&format!("SELECT * FROM {name}")).unwrap();
        let columns = statement.column_count();
        let mut rows = statement.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            for column in 0..columns {
                match row.get_ref(column).unwrap() {
                    ValueRef::Null => {}
                    ValueRef::Integer(number) => bytes.extend(number.to_string().into_bytes()),
                    ValueRef::Real(number) => bytes.extend(number.to_string().into_bytes()),
                    ValueRef::Text(value) | ValueRef::Blob(value) => bytes.extend(value),
                }
                // What stands in two columns is not read as one.
                bytes.push(b'\n');
            }
        }
        (name, bytes)
    });
    values.collect()
}

/// The names of the tables, and of the files beside the database, in which any of these texts stands.
pub(crate) fn where_found(path: &Path, texts: &[&str]) -> Vec<String> {
    let holds = |bytes: &[u8]| {
        texts.iter().any(|text| bytes.windows(text.len()).any(|window| window == text.as_bytes()))
    };
    let tables = tables(path).into_iter().filter(|(_, bytes)| holds(bytes)).map(|(name, _)| name);
    let mut found: Vec<String> = tables.collect();
    for entry in std::fs::read_dir(path.parent().unwrap()).unwrap() {
        let entry = entry.unwrap();
        if holds(&std::fs::read(entry.path()).unwrap()) {
            found.push(entry.file_name().into_string().unwrap());
        }
    }
    found
}
