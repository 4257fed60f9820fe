#include "core/table/db_table.hpp"

#include <memory>
#include <string_view>
#include <utility>

#include <db.h>
#include <fmt/format.h>

#include "core/table/compiled_table.hpp"
#include "core/table/fail_table.hpp"
#include "core/table/file_lock.hpp"
#include "core/table/found_value.hpp"
#include "core/table/open_table.hpp"

namespace uflush {
namespace {

struct CloseDb {
  void operator()(DB* db) const noexcept { db->close(db, DB_NOSYNC); }
};
using DbHandle = std::unique_ptr<DB, CloseDb>;

/// Berkeley DB's complaints would go to stderr.
void swallow(const DB_ENV* /*environment*/, const char* /*prefix*/, const char* /*message*/) {}

class DbTable final : public Table {
 public:
  DbTable(std::string name, std::string file, DbHandle db, int fd, bool utf8)
      : Table(std::move(name), Keys::fixed),
        file_(std::move(file)),
        db_(std::move(db)),
        fd_(fd),
        utf8_(utf8) {}

  [[nodiscard]] Lookup find(std::string_view key, Inquiry& inquiry) override {
    const SharedFileLock lock(fd_, inquiry.give_up);
    if (!lock.held()) {
      inquiry.warnings.push_back(fmt::format("{}: lock file {}: {}", name(), file_, lock.error().message()));
      return Lookup::failed;
    }
    for (const std::string_view form : stored_forms(key, key_)) {
      DBT value{};  // the bytes are db_'s, good until its next call
      const int status = get(form, value);
      if (status == 0) return found_value(*this, key, stored_value(value.data, value.size), utf8_, inquiry);
      if (status == DB_NOTFOUND) continue;
      inquiry.warnings.push_back(fmt::format("error reading {}: {}", file_, db_strerror(status)));
      return Lookup::failed;
    }
    return Lookup::not_found;
  }

  [[nodiscard]] bool may_block() const noexcept override { return true; }
  [[nodiscard]] std::string opened_name() const override {
    return fmt::format("{}:{}", split_type_name(name()).first, file_);
  }

 private:
  int get(std::string_view form, DBT& value) {
    DBT key{};
    key.data = const_cast<char*>(form.data());  // NOLINT(cppcoreguidelines-pro-type-const-cast): read only
    key.size = static_cast<u_int32_t>(form.size());
    return db_->get(db_.get(), nullptr, &key, &value, 0);
  }

  std::string file_;
  DbHandle db_;
  int fd_;  ///< db_'s own
  bool utf8_;
  std::string key_;
};

OpenedTable open_db(const std::string& type_name, DBTYPE type, const TableContext& context) {
  const std::string source(split_type_name(type_name).second);
  const std::string file = fmt::format("{}.db", source);
  const auto failed = [&](int status) {
    OpenedTable result =
        unavailable(type_name, fmt::format("open database {}: {}", file, Error{status}.message()));
    return result;
  };

  context.about_to_open(file);
  DB* created = nullptr;
  if (const int status = db_create(&created, nullptr, 0); status != 0) return failed(status);
  DbHandle db(created);
  db->set_errcall(db.get(), swallow);
  if (const int status = db->open(db.get(), nullptr, file.c_str(), nullptr, type, DB_RDONLY, 0); status != 0)
    return failed(status);
  int fd = -1;
  if (const int status = db->fd(db.get(), &fd); status != 0) return failed(status);

  OpenedTable result = opened(std::make_shared<DbTable>(type_name, file, std::move(db), fd, context.utf8));
  warn_if_outdated(file, source, result.warnings);
  return result;
}

}  // namespace

OpenedTable open_hash_table(const std::string& type_name, const TableContext& context) {
  return open_db(type_name, DB_HASH, context);
}

OpenedTable open_btree_table(const std::string& type_name, const TableContext& context) {
  return open_db(type_name, DB_BTREE, context);
}

}  // namespace uflush
