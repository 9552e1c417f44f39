using System.Xml.Linq;
using Microsoft.AspNetCore.DataProtection.Repositories;

namespace ImapGateway.Storage.KeyRing;

/// <summary>The place where Data Protection keeps its keys.</summary>
public interface IKeyRing : IXmlRepository
{
    /// <summary>Returns the elements, each with its place for messages: a file, or a row of a table.</summary>
    /// <exception cref="Settings.StartupException">An element cannot be read.</exception>
    IReadOnlyList<(string Place, XElement Element)> ReadAll();

    /// <summary>Replaces elements so that nothing of the old ones remains if the storage allows that. A crash leaves each element either as it was or replaced.</summary>
    /// <param name="change">Returns the new element, or null if it stays as it is.</param>
    /// <returns>The number of replaced elements.</returns>
    int Rewrite(Func<XElement, XElement?> change);
}

/// <summary>Checks the key ring while the storage is opened.</summary>
public interface IKeyRingGuard
{
    /// <summary>Checks the ring; called before anything is changed.</summary>
    /// <exception cref="Settings.StartupException">Keys of the ring cannot be read or decrypted: with a new key beside them all stored secrets would be lost.</exception>
    void Verify(IKeyRing ring);

    /// <summary>Encrypts the ring by the settings; called when the tables are up to date.</summary>
    void Protect(IKeyRing ring);
}
