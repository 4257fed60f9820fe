#include "core/table/lmdb_table.hpp"

#include <cerrno>
#include <memory>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <lmdb.h>
#include <sys/stat.h>

#include "core/table/compiled_table.hpp"
#include "core/table/fail_table.hpp"
#include "core/table/file_lock.hpp"
#include "core/table/found_value.hpp"
#include "core/table/open_table.hpp"

namespace uflush {
namespace {

struct CloseEnvironment {
  void operator()(MDB_env* environment) const noexcept { mdb_env_close(environment); }
};
struct AbortTransaction {
  void operator()(MDB_txn* transaction) const noexcept { mdb_txn_abort(transaction); }
};
using Environment = std::unique_ptr<MDB_env, CloseEnvironment>;
using Transaction = std::unique_ptr<MDB_txn, AbortTransaction>;

class LmdbTable final : public Table {
 public:
  LmdbTable(std::string name, std::string file, bool utf8)
      : Table(std::move(name), Keys::fixed), file_(std::move(file)), utf8_(utf8) {}

  /// LMDB's status: 0 when the table can be used.
  int open() {
    MDB_env* environment = nullptr;
    if (const int status = mdb_env_create(&environment); status != MDB_SUCCESS) return status;
    environment_.reset(environment);
    if (const int status =
            mdb_env_open(environment, file_.c_str(), MDB_NOSUBDIR | MDB_RDONLY | MDB_NOLOCK | MDB_NOTLS, 0);
        status != MDB_SUCCESS)
      return status;
    if (const int status = mdb_env_get_fd(environment, &fd_); status != MDB_SUCCESS) return status;
    const SharedFileLock lock(fd_);
    if (!lock.held()) return lock.error().number;
    Transaction transaction;
    if (const int status = begin(transaction); status != MDB_SUCCESS) return status;
    if (const int status = mdb_dbi_open(transaction.get(), nullptr, 0, &database_); status != MDB_SUCCESS)
      return status;
    return mdb_txn_commit(transaction.release());  // keeps the handle, which is all that was written
  }

  [[nodiscard]] Lookup find(std::string_view key, Inquiry& inquiry) override {
    const SharedFileLock lock(fd_, inquiry.give_up);
    if (!lock.held()) {
      inquiry.warnings.push_back(fmt::format("{}: lock file {}: {}", name(), file_, lock.error().message()));
      return Lookup::failed;
    }
    const auto failed = [&](int status) {
      inquiry.warnings.push_back(fmt::format("error reading {}: {}", file_, mdb_strerror(status)));
      return Lookup::failed;
    };
    Transaction transaction;
    if (const int status = begin(transaction); status != MDB_SUCCESS) return failed(status);
    for (const std::string_view form : stored_forms(key, key_)) {
      MDB_val value{};  // the bytes are the file's, good as long as the transaction
      const int status = get(*transaction, form, value);
      if (status == MDB_SUCCESS)
        return found_value(*this, key, stored_value(value.mv_data, value.mv_size), utf8_, inquiry);
      // An empty key, or one longer than LMDB's limit, cannot be in there.
      if (status != MDB_NOTFOUND && status != MDB_BAD_VALSIZE) return failed(status);
    }
    return Lookup::not_found;
  }

  [[nodiscard]] bool may_block() const noexcept override { return true; }

 private:
  int begin(Transaction& transaction) {
    MDB_txn* begun = nullptr;
    int status = mdb_txn_begin(environment_.get(), nullptr, MDB_RDONLY, &begun);
    if (status == MDB_MAP_RESIZED) {  // postmap(1) has made the file larger: take its new size
      status = mdb_env_set_mapsize(environment_.get(), 0);
      if (status == MDB_SUCCESS) status = mdb_txn_begin(environment_.get(), nullptr, MDB_RDONLY, &begun);
    }
    if (status == MDB_SUCCESS) transaction.reset(begun);
    return status;
  }

  int get(MDB_txn& transaction, std::string_view form, MDB_val& value) const {
    MDB_val key{form.size(),
                const_cast<char*>(form.data())};  // NOLINT(cppcoreguidelines-pro-type-const-cast)
    return mdb_get(&transaction, database_, &key, &value);
  }

  std::string file_;
  bool utf8_;
  Environment environment_;
  mdb_filehandle_t fd_ = -1;
  MDB_dbi database_ = 0;
  std::string key_;
};

bool is_directory(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

}  // namespace

OpenedTable open_lmdb_table(const std::string& type_name, const TableContext& context) {
  const std::string source(split_type_name(type_name).second);
  const std::string file = fmt::format("{}.lmdb", source);
  context.about_to_open(file);
  auto table = std::make_shared<LmdbTable>(type_name, file, context.utf8);
  OpenedTable result;
  if (const int status = is_directory(file) ? EISDIR : table->open(); status == MDB_SUCCESS) {
    result = opened(std::move(table));
    warn_if_outdated(file, source, result.warnings);
  } else {
    result = unavailable(type_name, fmt::format("open database {}: {}", file, mdb_strerror(status)));
  }
  return result;
}

}  // namespace uflush
