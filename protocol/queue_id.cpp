#include "protocol/queue_id.hpp"

#include <algorithm>

namespace uflush {
namespace {

bool is_queue_id_byte(char c) noexcept {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
}

}  // namespace

bool is_valid_queue_id(std::string_view id) noexcept {
  return !id.empty() && id.size() <= queue_id_bytes_max &&
         std::all_of(id.begin(), id.end(), is_queue_id_byte);
}

}  // namespace uflush
