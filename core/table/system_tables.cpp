#include "core/table/system_tables.hpp"

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>

#include "core/table/fail_table.hpp"
#include "core/table/found_value.hpp"
#include "core/table/open_table.hpp"

namespace uflush {
namespace {

constexpr std::size_t buffer_bytes_min = 4096;
constexpr std::size_t buffer_bytes_max = 16UL * 1024 * 1024;

class EnvironTable final : public Table {
 public:
  EnvironTable(std::string name, bool utf8) : Table(std::move(name), Keys::fixed), utf8_(utf8) {}

  [[nodiscard]] Lookup find(std::string_view key, Inquiry& inquiry) override {
    const std::string variable(key);
    const char* value = std::getenv(variable.c_str());
    return value == nullptr ? Lookup::not_found : found_value(*this, key, value, utf8_, inquiry);
  }

 private:
  bool utf8_;
};

/// An account as its file has it.
std::string value_of(const passwd& account) {
  return fmt::format("{}:{}:{}:{}:{}:{}:{}", account.pw_name, account.pw_passwd, account.pw_uid,
                     account.pw_gid, account.pw_gecos, account.pw_dir, account.pw_shell);
}

std::string value_of(const group& group) {
  std::string members;
  for (char** member = group.gr_mem; *member != nullptr; ++member)
    members.append(members.empty() ? "" : ",").append(*member);
  return fmt::format("{}:{}:{}:{}", group.gr_name, group.gr_passwd, group.gr_gid, members);
}

/// `getpwnam_r` with passwd, `getgrnam_r` with group.
template <typename Entry, int (*get)(const char*, Entry*, char*, std::size_t, Entry**)>
class AccountTable final : public Table {
 public:
  AccountTable(std::string name, bool utf8) : Table(std::move(name), Keys::fixed), utf8_(utf8) {}

  [[nodiscard]] Lookup find(std::string_view key, Inquiry& inquiry) override {
    const std::string account(key);
    Entry entry{};
    Entry* found = nullptr;
    int error = 0;
    do error = get(account.c_str(), &entry, buffer_.data(), buffer_.size(), &found);
    while (error == EINTR || (error == ERANGE && grow()));
    if (found != nullptr) return found_value(*this, key, value_of(*found), utf8_, inquiry);
    if (error == 0 || error == ENOENT || error == ESRCH) return Lookup::not_found;
    inquiry.warnings.push_back(fmt::format("{}: lookup of {}: {}", name(), key, Error{error}.message()));
    return Lookup::failed;
  }

  /// A directory service may be asked.
  [[nodiscard]] bool may_block() const noexcept override { return true; }

 private:
  bool grow() {
    if (buffer_.size() >= buffer_bytes_max) return false;
    buffer_.resize(buffer_.size() * 2);
    return true;
  }

  bool utf8_;
  std::vector<char> buffer_ = std::vector<char>(buffer_bytes_min);
};

std::atomic<bool> accounts_are_looked_up = false;

}  // namespace

bool are_accounts_looked_up() noexcept {
  return accounts_are_looked_up;
}

OpenedTable open_environ_table(const std::string& type_name, const TableContext& context) {
  return opened(std::make_shared<EnvironTable>(type_name, context.utf8));
}

OpenedTable open_unix_table(const std::string& type_name, const TableContext& context) {
  const std::string_view map = split_type_name(type_name).second;
  accounts_are_looked_up = true;
  if (map == "passwd.byname")
    return opened(std::make_shared<AccountTable<passwd, ::getpwnam_r>>(type_name, context.utf8));
  if (map == "group.byname")
    return opened(std::make_shared<AccountTable<group, ::getgrnam_r>>(type_name, context.utf8));
  return unavailable(type_name, fmt::format("unknown table: {}", type_name));
}

}  // namespace uflush
