// What every processor can do: vectors of 16 bytes, in the compiler's own notation.
#include "encoder.h"
#include "expand.h"
#include "layout.h"
#include "parallel.h"

namespace tidemill {
namespace portable {

#if defined(__aarch64__)
constexpr bool kHasFma = true;
#else
constexpr bool kHasFma = false;
#endif

#include "rows.inc"
#include "lines.inc"
#include "turn_plain.inc"

typedef float Float4 __attribute__((vector_size(16)));

constexpr int kWidest = 32;
constexpr int kWidths[] = {1, 4, 8, 16, 32};

template <class T>
void rows_of_width(int width, const BlockRows& block) {
  switch (width) {
    case 1: return block_rows<T, float, 1, 4>(block);
    case 4: return block_rows<T, Float4, 1, 4>(block);
    case 8: return block_rows<T, Float4, 2, 4>(block);
    case 16: return block_rows<T, Float4, 4, 2>(block);
    default: return block_rows<T, Float4, 8, 1>(block);
  }
}

#include "fill.inc"
#include "pixels.inc"
#include "product.inc"
constexpr int kVectorBytes = 16;

#include "make.inc"
#include "decay.inc"
#include "expand.inc"
#include "vectors.inc"
#include "encoder.inc"

}  // namespace portable

const Functions kPortable = {
    portable::product_with<portable::Plain<float>>,
    portable::product_with<portable::Plain<bf16>>,
    portable::make_with<float>,
    portable::make_with<bf16>,
    portable::decay_all,
    portable::expand_with,
    portable::encode_with<portable::product_with<portable::Plain<float>>>,
};

}  // namespace tidemill
