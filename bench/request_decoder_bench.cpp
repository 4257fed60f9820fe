// Decoding and encoding of requests: the inner loop of a pipelining client's connection.
#include <string>

#include <benchmark/benchmark.h>

#include "protocol/request_decoder.hpp"

namespace uflush {
namespace {

std::string adds(int count) {
  std::string bytes;
  for (int i = 0; i < count; ++i) {
    const std::string site = "cust" + std::to_string(i % 100) + ".example.com";
    append_request(bytes, AddRequest{site, "4SVLCh0000z5"});
  }
  return bytes;
}

void decode_adds(benchmark::State& state) {
  const std::string bytes = adds(static_cast<int>(state.range(0)));
  for ([[maybe_unused]] auto round : state) {
    RequestDecoder decoder("flush socket");
    std::string_view rest = bytes;
    while (!rest.empty()) {
      const DecodeStep step = decoder.decode(rest, InputState::more_may_come);
      const auto* decoded = std::get_if<Decoded>(&step);
      if (decoded == nullptr) {
        state.SkipWithError("not an add");
        return;
      }
      benchmark::DoNotOptimize(decoded->request);
      rest.remove_prefix(decoded->consumed_bytes);
    }
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(decode_adds)->Arg(1)->Arg(64)->Arg(1024);

void encode_add(benchmark::State& state) {
  std::string bytes;
  for ([[maybe_unused]] auto round : state) {
    bytes.clear();
    append_request(bytes, AddRequest{"cust1.example.com", "4SVLCh0000z5"});
    benchmark::DoNotOptimize(bytes.data());
  }
}
BENCHMARK(encode_add);

}  // namespace
}  // namespace uflush
