import type { NextFunction, Request, Response } from 'express';
import type { Connection } from 'mysql2/promise';
import type { Database } from 'sqlite3';
import type { EntityManager } from 'typeorm';
import { ShipRepository } from './ships';
import { CargoStore } from './cargo';

export class ShipController {
  constructor(
    private readonly ships: ShipRepository,
    private readonly cargo: CargoStore,
  ) {}

  async byName(req: Request, res: Response): Promise<void> {
    res.json(await this.ships.byName(req.query.name as string)); // from sql-1
  }

  async byId(req: Request, res: Response): Promise<void> {
    res.json(await this.ships.byId(req.query.id as string));
  }

  async rename(req: Request, res: Response, next: NextFunction): Promise<void> {
    const { name } = req.body; // from sql-2
    await this.ships.rename({ name, flag: 'none' }).catch(next);
    res.sendStatus(204);
  }

  async reflag(req: Request, res: Response): Promise<void> {
    await this.ships.reflag({ name: req.body.name, flag: 'none' });
    res.sendStatus(204);
  }

  async search(req: Request, res: Response, connection: Connection): Promise<void> {
    const words = String(req.query.words); // from sql-3
    res.json(await this.cargo.search(connection, words));
  }

  async exactly(req: Request, res: Response, connection: Connection): Promise<void> {
    res.json(await this.cargo.exactly(connection, String(req.query.words)));
  }

  sorted(req: Request, res: Response, database: Database): void {
    const column = (req.headers['x-column'] as string) || 'title'; // from sql-4
    this.cargo.sorted(database, column);
    res.sendStatus(204);
  }

  paged(req: Request, res: Response, database: Database): void {
    this.cargo.paged(database, Number(req.query.page));
    res.sendStatus(204);
  }

  async report(req: Request, res: Response, manager: EntityManager): Promise<void> {
    const filter = { clause: req.body.clause, limit: 'LIMIT 5' }; // from sql-5
    await this.cargo.report(manager, filter);
    await this.cargo.summary(manager, filter);
    res.sendStatus(204);
  }
}
