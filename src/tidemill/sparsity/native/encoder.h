// A stack of transformer layers over packed weights: all numbers are floats.
#pragma once

#include "layout.h"

namespace tidemill {

// x form^T + bias; members are 64 bits wide, since the caller writes them as whole numbers.
struct Dense {
  const float* values;
  const uint16_t* offsets;
  const float* bias;  // or null
  int64_t n;
  int64_t m;
};

struct Norm {
  const float* weight;
  const float* bias;
};

// Post-layer norm: G = attended(mixed(joint(H)) + H), H = fed(narrow(gelu(wide(G))) + G).
struct EncoderLayer {
  Dense joint;  // query, key and value, one after the other
  Dense mixed;
  Dense wide;
  Dense narrow;
  Norm attended;
  Norm fed;
};

struct Sizes {
  int64_t batch;
  int64_t places;
  int64_t width;
  int64_t heads;  // they divide the width
  int64_t inner;  // width inside the feed-forward part

  int64_t tokens() const { return batch * places; }
  int64_t head() const { return width / heads; }
  // Keys of a head, turned, stand in lines of whole vectors, whatever the instruction set.
  int64_t line() const { return (places + 15) / 16 * 16; }
  int64_t between() const {
    const int64_t keys = batch * width * line(), fed = tokens() * inner;
    return keys > fed ? keys : fed;
  }
  // Floats of room: what is between; query, key and value; what attention gives.
  int64_t room() const { return between() + 4 * tokens() * width; }
};

struct Encoding {
  Sizes sizes;
  const EncoderLayer* layers;
  int64_t count;
  float epsilon;      // of the norms
  const float* x;     // [batch][places][width]
  const float* mask;  // [batch][places][places], added to scores; or null
  float* y;           // like x, and not x
  float* room;  // aligned like a vector
  int32_t threads;
};

// chain.py takes no more: scores of a few queries are as many as a thread has room for.
constexpr int64_t kMostPlaces = 8192;

}  // namespace tidemill
