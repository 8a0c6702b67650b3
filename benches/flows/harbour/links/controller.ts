import type { Request, Response } from 'express';
import { Crane, Visit } from './visit';

const PLACES = ['/home', '/map'];

export class LinkController {
  leave(req: Request, res: Response): void {
    res.redirect(req.query.to as string); // from redirect-1 // to redirect-1
  }

  stay(req: Request, res: Response): void {
    res.redirect('/search?q=' + encodeURIComponent(req.query.to as string)); // clean redirect-1
  }

  back(req: Request, res: Response): void {
    const visit = new Visit(req.headers.referer as string); // from redirect-2
    visit.leave(res);
  }

  home(req: Request, res: Response): void {
    const visit = new Visit(req.headers.referer as string);
    visit.goHome(res);
  }

  move(req: Request, res: Response): void {
    const { next = '/home' } = req.query as Record<string, string>; // from redirect-3
    res.location(next).sendStatus(302); // to redirect-3
  }

  place(req: Request, res: Response): void {
    const place = PLACES[Number(req.query.place)];
    res.location(place).sendStatus(302); // clean redirect-3
  }

  choose(req: Request, res: Response): void {
    let to = '/home';
    switch (req.params.kind) {
      case 'out':
        to = req.body.url; // from redirect-4
        break;
      default:
        to = '/map';
    }
    res.redirect(302, to); // to redirect-4
  }

  known(req: Request, res: Response): void {
    let to = req.body.url;
    switch (req.params.kind) {
      case 'out':
        to = '/out';
        break;
      default:
        to = '/map';
    }
    res.redirect(302, to); // clean redirect-4
  }

  turn(req: Request, crane: Crane): void {
    crane.redirect(req.body.angle); // clean redirect-5
  }

  login(req: Request, res: Response): void {
    const done = (url: string): void => res.redirect(url); // to redirect-5
    check(req.body.user, () => done(req.body.returnTo)); // from redirect-5
  }
}

function check(user: string, then: () => void): void {
  if (user) {
    then();
  }
}
