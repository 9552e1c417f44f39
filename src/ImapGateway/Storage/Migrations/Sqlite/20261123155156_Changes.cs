using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace ImapGateway.Storage.Migrations.Sqlite
{
    /// <inheritdoc />
    public partial class Changes : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<long>(
                name: "Baseline",
                table: "mailbox",
                type: "INTEGER",
                nullable: true);

            migrationBuilder.AddColumn<bool>(
                name: "Lost",
                table: "mailbox",
                type: "INTEGER",
                nullable: false,
                defaultValue: false);

            migrationBuilder.AddColumn<long>(
                name: "ShownAs",
                table: "mailbox",
                type: "INTEGER",
                nullable: false,
                defaultValue: 0L);

            migrationBuilder.AddColumn<bool>(
                name: "Unmatched",
                table: "mailbox",
                type: "INTEGER",
                nullable: false,
                defaultValue: false);

            migrationBuilder.AddColumn<long>(
                name: "Sequence",
                table: "fence",
                type: "INTEGER",
                nullable: false,
                defaultValue: 0L);

            migrationBuilder.AddColumn<bool>(
                name: "Paused",
                table: "account",
                type: "INTEGER",
                nullable: false,
                defaultValue: false);

            migrationBuilder.AddColumn<bool>(
                name: "Synced",
                table: "account",
                type: "INTEGER",
                nullable: false,
                defaultValue: false);

            migrationBuilder.AddColumn<int>(
                name: "Told",
                table: "account",
                type: "INTEGER",
                nullable: true);

            migrationBuilder.AddColumn<int>(
                name: "Watch",
                table: "account",
                type: "INTEGER",
                nullable: false,
                defaultValue: 0);

            migrationBuilder.CreateTable(
                name: "change",
                columns: table => new
                {
                    Row = table.Column<long>(type: "INTEGER", nullable: false)
                        .Annotation("Sqlite:Autoincrement", true),
                    Transaction = table.Column<long>(type: "INTEGER", nullable: false, defaultValueSql: "0"),
                    Incarnation = table.Column<string>(type: "TEXT", maxLength: 16, nullable: false),
                    Sequence = table.Column<long>(type: "INTEGER", nullable: false),
                    Account = table.Column<string>(type: "TEXT", maxLength: 64, nullable: false),
                    Type = table.Column<string>(type: "TEXT", maxLength: 32, nullable: false),
                    Timestamp = table.Column<long>(type: "INTEGER", nullable: false),
                    Mailbox = table.Column<long>(type: "INTEGER", nullable: false),
                    FromMailbox = table.Column<long>(type: "INTEGER", nullable: false),
                    Role = table.Column<int>(type: "INTEGER", nullable: true),
                    FromRole = table.Column<int>(type: "INTEGER", nullable: true),
                    Metadata = table.Column<byte[]>(type: "BLOB", nullable: false),
                    Data = table.Column<byte[]>(type: "BLOB", nullable: false),
                    Message = table.Column<byte[]>(type: "BLOB", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_change", x => x.Row);
                });

            migrationBuilder.CreateTable(
                name: "pending",
                columns: table => new
                {
                    Incarnation = table.Column<string>(type: "TEXT", maxLength: 16, nullable: false),
                    Mailbox = table.Column<long>(type: "INTEGER", nullable: false),
                    Uid = table.Column<long>(type: "INTEGER", nullable: false),
                    Leaving = table.Column<bool>(type: "INTEGER", nullable: false),
                    Flags = table.Column<string>(type: "TEXT", nullable: false),
                    ModSeq = table.Column<long>(type: "INTEGER", nullable: false),
                    Fingerprint = table.Column<long>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_pending", x => new { x.Incarnation, x.Mailbox, x.Uid });
                });

            migrationBuilder.CreateTable(
                name: "store",
                columns: table => new
                {
                    Id = table.Column<int>(type: "INTEGER", nullable: false),
                    Incarnation = table.Column<string>(type: "TEXT", maxLength: 16, nullable: false),
                    PurgedTransaction = table.Column<long>(type: "INTEGER", nullable: false),
                    PurgedRow = table.Column<long>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_store", x => x.Id);
                });

            migrationBuilder.CreateIndex(
                name: "IX_change_Incarnation_Sequence",
                table: "change",
                columns: new[] { "Incarnation", "Sequence" },
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_change_Transaction_Row",
                table: "change",
                columns: new[] { "Transaction", "Row" });
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "change");

            migrationBuilder.DropTable(
                name: "pending");

            migrationBuilder.DropTable(
                name: "store");

            migrationBuilder.DropColumn(
                name: "Baseline",
                table: "mailbox");

            migrationBuilder.DropColumn(
                name: "Lost",
                table: "mailbox");

            migrationBuilder.DropColumn(
                name: "ShownAs",
                table: "mailbox");

            migrationBuilder.DropColumn(
                name: "Unmatched",
                table: "mailbox");

            migrationBuilder.DropColumn(
                name: "Sequence",
                table: "fence");

            migrationBuilder.DropColumn(
                name: "Paused",
                table: "account");

            migrationBuilder.DropColumn(
                name: "Synced",
                table: "account");

            migrationBuilder.DropColumn(
                name: "Told",
                table: "account");

            migrationBuilder.DropColumn(
                name: "Watch",
                table: "account");
        }
    }
}
