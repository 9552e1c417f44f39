using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace ImapGateway.Storage.Migrations.Sqlite
{
    /// <inheritdoc />
    public partial class Epochs : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "IX_change_Transaction_Row",
                table: "change");

            migrationBuilder.AddColumn<long>(
                name: "Epoch",
                table: "webhook_delivery",
                type: "INTEGER",
                nullable: false,
                defaultValue: 0L);

            migrationBuilder.AddColumn<string>(
                name: "EndedEpochs",
                table: "store",
                type: "TEXT",
                nullable: false,
                defaultValue: "");

            migrationBuilder.AddColumn<long>(
                name: "Epoch",
                table: "store",
                type: "INTEGER",
                nullable: false,
                defaultValue: 0L);

            migrationBuilder.AddColumn<string>(
                name: "Identity",
                table: "store",
                type: "TEXT",
                nullable: false,
                defaultValue: "");

            migrationBuilder.AddColumn<long>(
                name: "PurgedEpoch",
                table: "store",
                type: "INTEGER",
                nullable: false,
                defaultValue: 0L);

            migrationBuilder.AddColumn<string>(
                name: "Restored",
                table: "store",
                type: "TEXT",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "Stamp",
                table: "store",
                type: "TEXT",
                nullable: false,
                defaultValue: "");

            migrationBuilder.AddColumn<string>(
                name: "EndedEpochs",
                table: "fence",
                type: "TEXT",
                nullable: false,
                defaultValue: "");

            migrationBuilder.AddColumn<long>(
                name: "Epoch",
                table: "change",
                type: "INTEGER",
                nullable: false,
                defaultValue: 0L);

            migrationBuilder.CreateIndex(
                name: "IX_change_Epoch_Transaction_Row",
                table: "change",
                columns: new[] { "Epoch", "Transaction", "Row" });
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "IX_change_Epoch_Transaction_Row",
                table: "change");

            migrationBuilder.DropColumn(
                name: "Epoch",
                table: "webhook_delivery");

            migrationBuilder.DropColumn(
                name: "EndedEpochs",
                table: "store");

            migrationBuilder.DropColumn(
                name: "Epoch",
                table: "store");

            migrationBuilder.DropColumn(
                name: "Identity",
                table: "store");

            migrationBuilder.DropColumn(
                name: "PurgedEpoch",
                table: "store");

            migrationBuilder.DropColumn(
                name: "Restored",
                table: "store");

            migrationBuilder.DropColumn(
                name: "Stamp",
                table: "store");

            migrationBuilder.DropColumn(
                name: "EndedEpochs",
                table: "fence");

            migrationBuilder.DropColumn(
                name: "Epoch",
                table: "change");

            migrationBuilder.CreateIndex(
                name: "IX_change_Transaction_Row",
                table: "change",
                columns: new[] { "Transaction", "Row" });
        }
    }
}
