using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace ImapGateway.Storage.Migrations.Postgres
{
    /// <inheritdoc />
    public partial class AccountQuirks : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<string>(
                name: "Quirks",
                table: "account",
                type: "text",
                nullable: false,
                defaultValue: "[]");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropColumn(
                name: "Quirks",
                table: "account");
        }
    }
}
