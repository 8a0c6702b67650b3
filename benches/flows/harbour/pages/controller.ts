import type { Request, Response } from 'express';
import type { ServerResponse } from 'http';
import escapeHtml from 'escape-html';
import { Mailer, Page } from './page';

export class PageController {
  greet(req: Request, res: Response): void {
    res.send(`<p>Hello ${req.query.name}</p>`); // from html-1 // to html-1
  }

  greetSafely(req: Request, res: Response): void {
    res.send(`<p>Hello ${escapeHtml(req.query.name as string)}</p>`); // clean html-1
  }

  comment(req: Request, res: Response): void {
    const page = new Page('Comment');
    page.add(req.body.comment); // from html-2
    res.send(page.render()); // to html-2
  }

  title(req: Request, res: Response): void {
    const page = new Page(req.body.comment);
    res.send(page.body()); // clean html-2
  }

  stream(req: Request, raw: ServerResponse): void {
    const agent = req.headers['user-agent']; // from html-3
    raw.write('<i>' + agent + '</i>'); // to html-3
    raw.end();
  }

  length(req: Request, raw: ServerResponse): void {
    const agent = req.headers['user-agent'] as string;
    raw.write('<i>' + agent.length + '</i>'); // clean html-3
    raw.end();
  }

  async mail(req: Request, res: Response, mailer: Mailer): Promise<void> {
    mailer.send(req.body.text); // clean html-4
    res.sendStatus(204);
  }

  async forward(req: Request, res: Response, mailer: Mailer): Promise<void> {
    const shown = await mailer.preview(req.body.text); // from html-4
    answer(res, shown);
  }

  missing(req: Request, res: Response): void {
    res.status(404).send('No page ' + req.originalUrl); // from html-5 // to html-5
  }

  found(req: Request, res: Response): void {
    const pages: Record<string, string> = { a: 'Page A' };
    res.status(200).send(pages[req.path]); // clean html-5
  }
}

function answer(out: Response, text: string): void {
  out.end(text); // to html-4
}
