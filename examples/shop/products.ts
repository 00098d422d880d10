export interface Product {
  readonly sku: string;
  readonly name: string;
  readonly text: string;
  readonly cents: number;
  readonly colour: string;
}

export const PRODUCTS: readonly Product[] = [
  { sku: 'storm', name: 'Storm lantern', text: 'Burns on in any wind.', cents: 4_900, colour: '#b4543a' },
  { sku: 'harbour', name: 'Harbour light', text: 'Seen from five miles out.', cents: 12_900, colour: '#2f6f8f' },
  { sku: 'velvet', name: 'Velvet lantern', text: 'For late conversations.', cents: 3_400, colour: '#7a4a86' },
  { sku: 'garden', name: 'Garden lamp', text: 'Moths like it as well.', cents: 2_200, colour: '#4f7d4a' },
  { sku: 'reading', name: 'Reading lamp', text: 'One more chapter.', cents: 5_600, colour: '#b98a2f' },
  { sku: 'night', name: 'Night light', text: 'Keeps watch under the bed.', cents: 1_500, colour: '#4d5a78' },
];

export const productOf = (sku: string): Product | undefined => PRODUCTS.find((product) => product.sku === sku);

export const price = (cents: number): string => `€ ${(cents / 100).toFixed(2)}`;
