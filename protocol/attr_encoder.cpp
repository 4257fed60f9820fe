#include "protocol/attr_encoder.hpp"

#include "io/check.hpp"

namespace uflush {

void append_attribute(std::string& out, std::string_view name, std::string_view value) {
  FLUSH_ASSERT(!name.empty());
  FLUSH_ASSERT(name.find('\0') == std::string_view::npos);
  FLUSH_ASSERT(value.find('\0') == std::string_view::npos);
  out.append(name).push_back('\0');
  out.append(value).push_back('\0');
}

void append_list_terminator(std::string& out) {
  out.push_back('\0');
}

}  // namespace uflush
