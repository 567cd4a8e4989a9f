//! The file's schema and the steps that lead to it.
//!
//! In: a connection to a file that may be empty, ours or another program's. Out: a file of the
//! newest schema. Each step is one transaction, so an interrupted one leaves the schema before it.
//! Refuses: a newer schema, a file that is not ours; neither is touched.

use crate::Error;
use rusqlite::{Connection, Transaction, TransactionBehavior};
use std::path::Path;

/// `Trip`: what the file says it is, to `file(1)` and to us.
const APPLICATION_ID: i32 = 0x5472_6970;

/// One step from a schema to the next.
type Migration = fn(&Transaction<'_>) -> rusqlite::Result<()>;

/// The steps, oldest first: the step at index n leads from schema n to schema n + 1.
const MIGRATIONS: &[Migration] = &[
    |transaction| transaction.execute_batch(include_str!("schema/1.sql")),
    |transaction| transaction.execute_batch(include_str!("schema/2.sql")),
    |transaction| transaction.execute_batch(include_str!("schema/3.sql")),
];

/// Brings the file to the newest schema.
pub(crate) fn migrate(connection: &Connection, file: &Path) -> Result<(), Error> {
    migrate_by(MIGRATIONS, connection, file)
}

/// Whether the file is empty or ours, and of which schema; changes nothing.
pub(crate) fn check(connection: &Connection, file: &Path) -> Result<(), Error> {
    schema_of(connection, file, MIGRATIONS.len()).map(|_| ())
}

/// Whether the file is ours and of the newest schema; changes nothing.
pub(crate) fn check_current(connection: &Connection, file: &Path) -> Result<(), Error> {
    let found = schema_of(connection, file, MIGRATIONS.len())?;
    if found < MIGRATIONS.len() {
        let found = u32::try_from(found).expect("the list of steps is short");
        return Err(Error::OlderSchema { file: file.to_owned(), found });
    }
    Ok(())
}

fn migrate_by(steps: &[Migration], connection: &Connection, file: &Path) -> Result<(), Error> {
    let found = schema_of(connection, file, steps.len())?;
    for (schema, step) in (1_u32..).zip(steps).skip(found) {
        let applied = || -> rusqlite::Result<()> {
            let behavior = TransactionBehavior::Immediate;
            let transaction = Transaction::new_unchecked(connection, behavior)?;
            step(&transaction)?;
            transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
            transaction.pragma_update(None, "user_version", schema)?;
            transaction.commit()
        };
        applied().map_err(|source| Error::from_sqlite(file, "changing the schema", source))?;
        if found > 0 {
            tracing::info!(file = %file.display(), schema, "schema changed");
        }
    }
    Ok(())
}

fn schema_of(connection: &Connection, file: &Path, known: usize) -> Result<usize, Error> {
    let number = |sql: &str| {
        let number = connection.query_row(sql, [], |row| row.get::<_, i32>(0));
        number.map_err(|source| Error::from_sqlite(file, "reading its header", source))
    };
    let application_id = number("PRAGMA application_id")?;
    let found = number("PRAGMA user_version")?;
    let empty = number("SELECT count(*) FROM sqlite_schema")? == 0;
    if application_id == 0 && found == 0 && empty {
        return Ok(0);
    }
    if application_id != APPLICATION_ID {
        return Err(Error::Foreign { file: file.to_owned(), application_id });
    }
    match usize::try_from(found) {
        Ok(found) if found <= known => Ok(found),
        _ => Err(Error::NewerSchema {
            file: file.to_owned(),
            found: found.cast_unsigned(),
            known: u32::try_from(known).expect("the list of steps is short"),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user_version(connection: &Connection) -> i32 {
        connection.query_row("PRAGMA user_version", [], |row| row.get(0)).expect("a number")
    }

    #[test]
    fn steps_are_taken_once_and_in_order() {
        let connection = Connection::open_in_memory().expect("memory");
        let file = Path::new("memory");
        let one: Migration = |t| t.execute_batch("CREATE TABLE a (x); INSERT INTO a VALUES (1)");
        let two: Migration = |t| t.execute_batch("ALTER TABLE a ADD COLUMN y DEFAULT 2");
        migrate_by(&[one], &connection, file).expect("first");
        migrate_by(&[one, two], &connection, file).expect("second");
        migrate_by(&[one, two], &connection, file).expect("nothing left to do");
        assert_eq!(user_version(&connection), 2);
        let sum: i32 =
            connection.query_row("SELECT sum(x + y) FROM a", [], |row| row.get(0)).expect("a row");
        assert_eq!(sum, 3);
    }

    #[test]
    fn a_failed_step_leaves_the_schema_before_it() {
        let connection = Connection::open_in_memory().expect("memory");
        let file = Path::new("memory");
        let one: Migration = |t| t.execute_batch("CREATE TABLE a (x); INSERT INTO a VALUES (1)");
        let bad: Migration = |t| t.execute_batch("DELETE FROM a; CREATE TABLE a (x)");
        migrate_by(&[one], &connection, file).expect("first");
        let error = migrate_by(&[one, bad], &connection, file).expect_err("the table exists");
        assert!(error.to_string().contains("changing the schema"), "{error}");
        assert_eq!(user_version(&connection), 1);
        let rows: i32 =
            connection.query_row("SELECT count(*) FROM a", [], |row| row.get(0)).expect("a row");
        assert_eq!(rows, 1);
    }
}
