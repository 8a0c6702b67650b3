import type { Connection } from 'mysql2/promise';
import type { Database } from 'sqlite3';
import type { EntityManager } from 'typeorm';
import { escape } from 'mysql2';

export class CargoStore {
  async search(connection: Connection, words: string): Promise<unknown> {
    const where = words.split(' ').map((word) => `title LIKE '%${word}%'`);
    return connection.query('SELECT * FROM cargo WHERE ' + where.join(' AND ')); // to sql-3
  }

  async exactly(connection: Connection, words: string): Promise<unknown> {
    return connection.query('SELECT * FROM cargo WHERE title = ' + escape(words)); // clean sql-4
  }

  sorted(database: Database, column: string): void {
    database.all(`SELECT * FROM cargo ORDER BY ${column}`); // to sql-4
  }

  paged(database: Database, page: number): void {
    database.all(`SELECT * FROM cargo LIMIT 10 OFFSET ${page * 10}`); // clean sql-5
  }

  report(manager: EntityManager, filter: { clause: string; limit: string }): Promise<unknown> {
    return manager.query(`SELECT * FROM cargo ${filter.clause}`); // to sql-5
  }

  summary(manager: EntityManager, filter: { clause: string; limit: string }): Promise<unknown> {
    return manager.query(`SELECT count(*) FROM cargo ${filter.limit}`); // clean sql-6
  }
}
