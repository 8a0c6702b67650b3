import type { Response } from 'express';

export class Visit {
  constructor(private readonly origin: string) {}

  leave(response: Response): void {
    response.redirect(this.origin); // to redirect-2
  }

  goHome(response: Response): void {
    response.redirect('/home'); // clean redirect-2
  }
}

export class Crane {
  private angle = 0;

  redirect(angle: number): void {
    this.angle = angle;
  }
}
