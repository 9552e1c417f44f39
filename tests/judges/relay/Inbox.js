// Read by relay-compiler alone: a list as a screen of Relay asks for it.
import { graphql } from "relay-runtime";

export const query = graphql`
  query InboxQuery($id: ID!) {
    node(id: $id) {
      ...Inbox_mailbox
    }
  }
`;

export const mailbox = graphql`
  fragment Inbox_mailbox on Mailbox @refetchable(queryName: "InboxPageQuery") @argumentDefinitions(first: { type: "Int", defaultValue: 20 }, after: { type: "String" }) {
    messages(first: $first, after: $after) @connection(key: "Inbox_messages") {
      edges {
        node {
          subject
          flags
        }
      }
    }
  }
`;
