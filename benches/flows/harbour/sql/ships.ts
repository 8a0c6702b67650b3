import type { Pool, PoolClient } from 'pg';
import { Journal } from './journal';

export interface Ship {
  name: string;
  flag: string;
}

export class ShipRepository {
  constructor(
    private readonly pool: Pool,
    private readonly journal: Journal,
  ) {}

  byName(name: string): Promise<unknown> {
    return this.pool.query(`SELECT * FROM ships WHERE name = '${name}'`); // to sql-1
  }

  byId(id: string): Promise<unknown> {
    return this.pool.query('SELECT * FROM ships WHERE id = $1', [id]); // clean sql-1
  }

  async rename(ship: Ship): Promise<void> {
    const client = await this.pool.connect();
    await this.update(client, "UPDATE ships SET name = '" + ship.name + "'");
    this.journal.query('renamed ' + ship.name); // clean sql-2
  }

  async reflag(ship: Ship): Promise<void> {
    const client = await this.pool.connect();
    await this.touch(client, ship);
  }

  private async update(client: PoolClient, statement: string): Promise<void> {
    await client.query(statement); // to sql-2
  }

  private async touch(client: PoolClient, ship: Ship): Promise<void> {
    await client.query(`UPDATE ships SET flag = '${ship.flag}'`); // clean sql-3
  }
}
