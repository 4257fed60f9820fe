/// Attribute lists: however the bytes arrive they read alike; what was read, written again, gives the same
/// bytes, and nothing that could be read is left; what was written, read again, gives the same attributes.
#include "protocol/attr_decoder.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "fuzz/input.hpp"
#include "io/check.hpp"
#include "protocol/attr_encoder.hpp"

namespace uflush {
namespace {

struct Reading {
  std::vector<std::pair<std::string, std::string>> attributes;
  bool ended = false;
  std::size_t consumed_bytes = 0;
  bool operator==(const Reading&) const = default;
};

/// Everything that can be read so far.
void read_on(AttrDecoder& decoder, std::string_view received, Reading& reading) {
  while (true) {
    const AttrStep step = decoder.next(received);
    reading.consumed_bytes = decoder.consumed_bytes();
    reading.ended = step.kind == AttrStep::Kind::end_of_list;
    if (step.kind != AttrStep::Kind::attribute) return;
    FLUSH_ASSERT(!step.name.empty());
    reading.attributes.emplace_back(step.name, step.value);
  }
}

Reading read_in(const std::vector<std::string_view>& pieces) {
  AttrDecoder decoder;
  Reading reading;
  std::size_t size = 0;
  std::unique_ptr<char[]> buffer;
  for (const std::string_view piece : pieces) {
    // A new buffer each time, without a byte to spare: nobody may keep an address or look too far.
    auto larger = std::make_unique<char[]>(size + piece.size());
    std::copy_n(buffer.get(), size, larger.get());
    std::copy(piece.begin(), piece.end(), larger.get() + size);
    buffer = std::move(larger);
    size += piece.size();
    read_on(decoder, {buffer.get(), size}, reading);
  }
  return reading;
}

std::string written(const Reading& reading) {
  std::string bytes;
  for (const auto& [name, value] : reading.attributes) append_attribute(bytes, name, value);
  if (reading.ended) append_list_terminator(bytes);
  return bytes;
}

/// Whether `rest` begins with a whole attribute, or with the end of a list.
bool holds_more(std::string_view rest) {
  return rest.starts_with('\0') || std::count(rest.begin(), rest.end(), '\0') >= 2;
}

/// Lines as names and values, in turn.
Reading attributes_from_lines(std::string_view text) {
  Reading attributes;
  while (!text.empty()) {
    const std::string_view name = take_until(text, '\n');
    const std::string_view value = take_until(text, '\n');
    const bool can_be_written =
        !name.empty() && (std::string(name) + std::string(value)).find('\0') == std::string::npos;
    if (can_be_written) attributes.attributes.emplace_back(name, value);
  }
  attributes.ended = true;
  return attributes;
}

}  // namespace
}  // namespace uflush

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace uflush;
  const std::string_view bytes = as_text(data, size);
  const Reading whole = read_in({bytes});
  FLUSH_ASSERT(read_in(in_pieces(bytes)) == whole);
  FLUSH_ASSERT(read_in(byte_by_byte(bytes)) == whole);
  FLUSH_ASSERT(bytes.substr(0, whole.consumed_bytes) == written(whole));
  FLUSH_ASSERT(whole.ended || !holds_more(bytes.substr(whole.consumed_bytes)));

  const Reading attributes = attributes_from_lines(bytes);
  const std::string again = written(attributes);
  const Reading reread = read_in({again});
  FLUSH_ASSERT(reread.attributes == attributes.attributes);
  FLUSH_ASSERT(reread.ended && reread.consumed_bytes == again.size());
  return 0;
}
