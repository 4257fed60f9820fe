#include "core/table/compiled_table.hpp"

#include <ctime>

#include <fmt/format.h>
#include <sys/stat.h>

namespace uflush {
namespace {

constexpr std::time_t grace_s = 100;

}  // namespace

std::array<std::string_view, 2> stored_forms(std::string_view key, std::string& buffer) {
  buffer.assign(key);
  buffer.push_back('\0');
  const std::string_view with_nul = buffer;
  return {with_nul, with_nul.substr(0, key.size())};
}

std::string_view stored_value(const void* bytes, std::size_t size) noexcept {
  const std::string_view value(static_cast<const char*>(bytes), size);
  return value.substr(0, value.find('\0'));
}

void warn_if_outdated(const std::string& compiled, const std::string& source, Warnings& warnings) {
  struct stat compiled_status {};
  struct stat source_status {};
  if (::stat(compiled.c_str(), &compiled_status) < 0 || ::stat(source.c_str(), &source_status) < 0) return;
  if (source_status.st_mtime > compiled_status.st_mtime &&
      source_status.st_mtime < std::time(nullptr) - grace_s)
    warnings.push_back(fmt::format("database {} is older than source file {}", compiled, source));
}

}  // namespace uflush
