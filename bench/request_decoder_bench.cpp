// Decoding and encoding of requests and replies: the inner loop of a pipelining client's connection.
#include <string>

#include <benchmark/benchmark.h>

#include "protocol/flush_reply.hpp"
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

/// The first half has come, and then the whole: what a slow or a hostile client costs.
void decode_add_in_two_pieces(benchmark::State& state) {
  const std::string bytes = adds(1);
  const std::string_view half = std::string_view(bytes).substr(0, bytes.size() / 2);
  for ([[maybe_unused]] auto round : state) {
    RequestDecoder decoder("flush socket");
    benchmark::DoNotOptimize(decoder.decode(half, InputState::more_may_come));
    benchmark::DoNotOptimize(decoder.decode(bytes, InputState::more_may_come));
  }
}
BENCHMARK(decode_add_in_two_pieces);

void encode_adds(benchmark::State& state) {
  std::string bytes;
  for ([[maybe_unused]] auto round : state) {
    bytes.clear();
    for (std::int64_t i = 0; i < state.range(0); ++i)
      append_request(bytes, AddRequest{"cust1.example.com", "4SVLCh0000z5"});
    benchmark::DoNotOptimize(bytes.data());
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(encode_adds)->Arg(1)->Arg(64)->Arg(1024);

void encode_and_decode_reply(benchmark::State& state) {
  for ([[maybe_unused]] auto round : state) {
    Status status = Status::deny;
    benchmark::DoNotOptimize(status);
    const ReplyStep step = decode_reply(reply_bytes(status));
    benchmark::DoNotOptimize(step.status);
  }
}
BENCHMARK(encode_and_decode_reply);

}  // namespace
}  // namespace uflush
