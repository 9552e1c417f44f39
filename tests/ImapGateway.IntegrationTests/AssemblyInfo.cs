using System.Runtime.Versioning;
using ImapGateway.IntegrationTests;

// The servers are Debian packages, their ends are signals, and memory is read from /proc.
[assembly: SupportedOSPlatform("linux")]
[assembly: AssemblyFixture(typeof(SharedServers))]
