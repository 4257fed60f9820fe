#include "protocol/attr_decoder.hpp"

namespace uflush {

AttrStep AttrDecoder::next(std::string_view received) noexcept {
  if (ended_) return {AttrStep::Kind::end_of_list, {}, {}};
  if (name_bytes_ == 0) {
    const auto name = scanner_.next(received);
    if (!name) return {};
    if (name->empty()) {
      ended_ = true;
      consumed_ = scanner_.position();
      return {AttrStep::Kind::end_of_list, {}, {}};
    }
    name_bytes_ = name->size();
  }
  const auto value = scanner_.next(received);
  if (!value) return {};
  const std::string_view name = received.substr(consumed_, name_bytes_);
  name_bytes_ = 0;
  consumed_ = scanner_.position();
  return {AttrStep::Kind::attribute, name, *value};
}

}  // namespace uflush
