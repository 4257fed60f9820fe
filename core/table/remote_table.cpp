#include "core/table/remote_table.hpp"

#include <memory>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "core/table/found_value.hpp"
#include "core/table/open_table.hpp"

namespace uflush {
namespace {

class RemoteTable final : public Table {
 public:
  RemoteTable(std::string name, std::string_view remote_name, bool is_direct, bool utf8)
      : Table(std::move(name), Keys::fixed), remote_name_(remote_name), is_direct_(is_direct), utf8_(utf8) {}

  [[nodiscard]] Lookup find(std::string_view key, Inquiry& inquiry) override {
    const RemoteAnswer* answer = inquiry.find_answer(remote_name_, key, is_direct_);
    if (answer == nullptr) {
      inquiry.question = RemoteQuestion{remote_name_, std::string(key), is_direct_};
      return Lookup::unanswered;
    }
    keys_ = answer->keys;
    if (answer->quiet) inquiry.quiet = true;
    if (!answer->trouble.empty() && !answer->quiet)
      inquiry.warnings.push_back(fmt::format("{} is unavailable. {}", name(), answer->trouble));
    if (answer->lookup == Lookup::found) return found_value(*this, key, answer->value, utf8_, inquiry);
    return answer->lookup;
  }

  [[nodiscard]] bool is_remote() const noexcept override { return true; }
  [[nodiscard]] Keys keys() const noexcept override { return keys_; }

 private:
  std::string remote_name_;
  bool is_direct_;
  bool utf8_;
  Keys keys_ = Keys::fixed;  ///< as the last answer had it
};

}  // namespace

OpenedTable open_remote_table(const std::string& type_name, const TableContext& context) {
  const auto [type, name] = split_type_name(type_name);
  if (type == "proxy") return opened(std::make_shared<RemoteTable>(type_name, name, false, context.utf8));
  context.found_direct_table(type_name);
  return opened(std::make_shared<RemoteTable>(type_name, type_name, true, context.utf8));
}

}  // namespace uflush
