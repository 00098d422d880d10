import { Router } from 'express';
import { layout } from '../pages/layout.ts';
import { cartPage, checkoutPage, productsPage, thanksPage } from '../pages/shop-pages.ts';
import { productOf } from '../products.ts';
import { field } from '../requests.ts';
import type { Sessions } from '../sessions.ts';

export function shopRoutes(session: Sessions): Router {
  const router = Router();

  router.get('/', async (req, res) => {
    res.send(layout(await session.of(req).get(), 'Lanterns', productsPage()));
  });

  router.get('/cart', async (req, res) => {
    const mine = await session.of(req).get();
    res.send(layout(mine, 'Your cart', cartPage(mine?.data.cart ?? [])));
  });

  router.post('/cart', async (req, res) => {
    const sku = field(req, 'sku');
    if (productOf(sku) === undefined) return res.sendStatus(400);
    // Two tabs may do this at once, on two servers: both items are in the cart afterwards.
    await session.of(req).update(({ cart }) => {
      const line = cart.find((each) => each.sku === sku);
      if (line === undefined) cart.push({ sku, quantity: 1 });
      else line.quantity += 1;
    });
    return res.redirect(303, '/');
  });

  router.post('/cart/remove', async (req, res) => {
    const sku = field(req, 'sku');
    await session.of(req).update((shop) => {
      shop.cart = shop.cart.filter((line) => line.sku !== sku);
    });
    res.redirect(303, '/cart');
  });

  // Money: not with a browser that somebody has left open.
  router.get('/checkout', async (req, res) => {
    const mine = await session.of(req).requireFresh();
    res.send(layout(mine, 'Check out', checkoutPage(mine.userId, mine.data.cart)));
  });

  router.post('/checkout', async (req, res) => {
    await session.of(req).requireFresh();
    const paid = await session.of(req).update((shop) => {
      shop.cart = [];
    });
    res.send(layout(paid, 'Thank you', thanksPage()));
  });

  return router;
}
