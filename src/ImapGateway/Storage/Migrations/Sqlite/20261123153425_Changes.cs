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
                name: "Sequence",
                table: "fence",
                type: "INTEGER",
                nullable: false,
                defaultValue: 0L);

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
                name: "store");

            migrationBuilder.DropColumn(
                name: "Sequence",
                table: "fence");
        }
    }
}
