import type { Request, Response } from 'express';
import type { Collection, Db } from 'mongodb';
import { Model } from 'mongoose';
import { CrewStore, Roster } from './crew';

export class DocumentController {
  constructor(private readonly store: CrewStore) {}

  async find(req: Request, res: Response): Promise<void> {
    res.json(await this.store.find(req.body.filter)); // from nosql-1
  }

  async findShip(req: Request, res: Response): Promise<void> {
    res.json(await this.store.findShip(req.body.ship));
  }

  async byRank(req: Request, res: Response): Promise<void> {
    const criteria = { rank: req.body.rank, ship: 'Argo' }; // from nosql-2
    res.json(await this.store.byRank(criteria));
    res.json(await this.store.byShip(criteria));
  }

  async dismiss(req: Request, res: Response): Promise<void> {
    await this.store.dismiss({ ...req.body, active: true }); // from nosql-3
    res.sendStatus(204);
  }

  onRoster(req: Request, roster: Roster): string | undefined {
    return roster.find({ name: req.body.name }); // clean nosql-3
  }

  rename(req: Request, roster: Roster): void {
    roster.updateOne(req.body.name); // clean nosql-4
  }

  async promote(req: Request, res: Response, crew: Collection): Promise<void> {
    const query: Record<string, unknown> = {};
    query.name = req.body.name; // from nosql-4
    await crew.updateOne(query, { $set: { rank: 'mate' } }); // to nosql-4
    res.sendStatus(204);
  }

  async retire(req: Request, res: Response, crew: Collection): Promise<void> {
    await crew.updateOne({ active: true }, { $set: { note: req.body.note } }); // clean nosql-5
    res.sendStatus(204);
  }

  async count(req: Request, res: Response, model: Model<unknown>): Promise<void> {
    const stages = [req.body.match]; // from nosql-5
    const [first] = stages;
    res.json(await model.find(first)); // to nosql-5
  }

  async total(req: Request, res: Response, db: Db): Promise<void> {
    const age = Number(req.query.age);
    const people: Collection = db.collection('people');
    res.json(await people.countDocuments({ age })); // clean nosql-6
  }
}
