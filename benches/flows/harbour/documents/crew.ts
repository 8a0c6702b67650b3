import type { Collection, Document } from 'mongodb';

export interface Criteria {
  rank: unknown;
  ship: string;
}

export class CrewStore {
  constructor(private readonly crew: Collection) {}

  find(filter: Document): Promise<unknown> {
    return this.crew.find(filter).toArray(); // to nosql-1
  }

  findShip(ship: string): Promise<unknown> {
    return this.crew.find({ ship: 'Argo' }).toArray(); // clean nosql-1
  }

  byRank(criteria: Criteria): Promise<unknown> {
    return this.crew.findOne({ rank: criteria.rank }); // to nosql-2
  }

  byShip(criteria: Criteria): Promise<unknown> {
    return this.crew.findOne({ ship: criteria.ship }); // clean nosql-2
  }

  async dismiss(filter: Document): Promise<void> {
    await remove(this.crew, filter);
  }
}

async function remove(collection: Collection, filter: Document): Promise<void> {
  await collection.deleteMany(filter); // to nosql-3
}

export class Roster {
  private readonly names: string[] = [];

  find(filter: { name: string }): string | undefined {
    return this.names.find((name) => name === filter.name);
  }

  updateOne(name: string): void {
    this.names[0] = name;
  }
}
