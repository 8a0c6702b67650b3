import express, { Express, Router } from 'express';
import { Pool } from 'pg';
import { MongoClient } from 'mongodb';
import axios from 'axios';
import { CommandController } from './commands/controller';
import { Toolbox } from './commands/toolbox';
import { CodeController } from './code/controller';
import { ShipController } from './sql/controller';
import { ShipRepository } from './sql/ships';
import { CargoStore } from './sql/cargo';
import { Journal } from './sql/journal';
import { DocumentController } from './documents/controller';
import { CrewStore } from './documents/crew';
import { FileController } from './files/controller';
import { Archive } from './files/archive';
import { PageController } from './pages/controller';
import { LinkController } from './links/controller';
import { RemoteController } from './remote/controller';
import { Port } from './remote/port';

const pool: Pool = new Pool();
const mongo: MongoClient = new MongoClient('mongodb://localhost');

export function routes(): Router {
  const router = Router();
  const commands = new CommandController(new Toolbox('/usr/bin'));
  const ships = new ShipController(new ShipRepository(pool, new Journal()), new CargoStore());
  const documents = new DocumentController(new CrewStore(mongo.db('harbour').collection('crew')));
  const files = new FileController(new Archive('/srv/archive'));
  const remote = new RemoteController(new Port(axios.create()));
  router.get('/ping', (req, res) => commands.ping(req, res));
  router.get('/ships', (req, res) => ships.byName(req, res));
  router.get('/crew', (req, res) => documents.find(req, res));
  router.get('/files', (req, res) => files.read(req, res));
  router.get('/remote', (req, res) => remote.fetchPage(req, res));
  router.get('/pages', new PageController().greet);
  router.get('/links', new LinkController().leave);
  router.get('/code', new CodeController().evaluate);
  return router;
}

export function start(app: Express = express()): void {
  app.use(routes());
  app.listen(8080);
}
