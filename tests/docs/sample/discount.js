/** Lower a price by a percentage, never below zero. */
export function discounted(price, percent) {
  let lowered = price;
  if (percent > 0) {
    lowered = price - (price * percent) / 100;
  }
  return Math.max(0, lowered);
}
