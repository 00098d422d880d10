import 'reflect-metadata';
import type { AddressInfo } from 'node:net';
import { Controller, Get, Module, Param, Post, Req, Session } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { Request } from 'express';
import session from 'express-session';
import { HoldfastStore } from 'holdfast/express-session';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Jar, memorySessions } from './site.ts';

class CartController {
  view(values: { cart?: string[] }): string[] {
    return values.cart ?? [];
  }

  add(values: { cart?: string[] }, item: string): void {
    values.cart = [...(values.cart ?? []), item];
  }

  async leave(request: Request): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      request.session.destroy((error) => (error ? reject(error) : resolve()));
    });
  }
}

class CartModule {
  readonly name = 'cart';
}

// What the decorators of a TypeScript project do; Node cannot strip those.
function method(name: keyof CartController, route: MethodDecorator, ...parameters: ParameterDecorator[]): void {
  route(CartController.prototype, name, Object.getOwnPropertyDescriptor(CartController.prototype, name)!);
  parameters.forEach((parameter, at) => parameter(CartController.prototype, name, at));
}
method('view', Get('cart'), Session());
method('add', Post('cart/:item'), Session(), Param('item'));
method('leave', Post('leave'), Req());
Controller()(CartController);
Module({ controllers: [CartController] })(CartModule);

describe('A NestJS application on HoldfastStore', () => {
  it('keeps the session of a browser, and ends it', async () => {
    const app = await NestFactory.create<NestExpressApplication>(CartModule, { logger: false });
    onTestFinished(() => app.close());
    const store = new HoldfastStore(await memorySessions());
    app.use(session({ store, secret: 'keyboard cat', resave: false, saveUninitialized: false }));
    await app.listen(0, '127.0.0.1');
    const origin = `http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}`;

    const [jar, other] = [new Jar(), new Jar()];
    await Promise.all([jar.post(`${origin}/cart/tea`), other.post(`${origin}/cart/coffee`)]);
    await jar.post(`${origin}/cart/milk`);
    expect(await jar.json(`${origin}/cart`)).toEqual(['tea', 'milk']);
    expect(await other.json(`${origin}/cart`)).toEqual(['coffee']);
    await jar.post(`${origin}/leave`);
    expect(await jar.json(`${origin}/cart`)).toEqual([]);
  });
});
